//! Reads a Django migration's text: what it does to tables and columns that old code uses.

use super::{Danger, Migration};

/// Operations that break nothing that runs.
const HARMLESS: &[&str] = &[
    "CreateModel",
    "AddIndex",
    "RemoveIndex",
    "RenameIndex",
    "AddIndexConcurrently",
    "RemoveIndexConcurrently",
    "RemoveConstraint",
    "AlterModelOptions",
    "AlterModelManagers",
    "AlterOrderWithRespectTo",
    "AlterUniqueTogether",
    "AlterIndexTogether",
    "AlterModelTableComment",
    "AddConstraint",
];

/// Reads a migration of an app.
pub(super) fn read(app: &str, name: &str, text: &str) -> Migration {
    let mut migration = Migration { name: format!("{app}.{name}"), dangers: Vec::new(), unclear: false };
    let text = without_comments(text);
    let Some(start) = text.find("operations") else {
        // A merge of two branches has none at all, or an empty list.
        migration.unclear = true;
        return migration;
    };
    walk(app, &text[start..], &mut migration);
    migration.dangers.sort();
    migration.dangers.dedup();
    migration
}

/// The operations in a list, and those within `SeparateDatabaseAndState` that touch the database.
fn walk(app: &str, text: &str, into: &mut Migration) {
    let mut rest = text;
    while let Some(at) = rest.find("migrations.") {
        let after = &rest[at + "migrations.".len()..];
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
        let (operation, tail) = after.split_at(end);
        let Some(arguments) = tail.trim_start().strip_prefix('(').and_then(until_closed) else {
            rest = tail;
            continue;
        };
        one(app, operation, arguments, into);
        // What stands in the arguments has been looked at.
        let skip = tail.find('(').unwrap_or(0) + 1 + arguments.len();
        rest = tail.get(skip..).unwrap_or("");
    }
}

fn one(app: &str, operation: &str, arguments: &str, into: &mut Migration) {
    let parts = split(arguments);
    let get = |name: &str, place: usize| argument(&parts, name, place);
    let column = |name: &str| {
        let model = get("model_name", 0);
        let place = 1;
        format!("{app}.{model}.{}", get(name, place))
    };
    match operation {
        "DeleteModel" => into.dangers.push(Danger::DropsTable(format!("{app}.{}", get("name", 0)))),
        "RemoveField" => into.dangers.push(Danger::DropsColumn(column("name"))),
        "RenameModel" => into.dangers.push(Danger::RenamesTable(format!("{app}.{}", get("old_name", 0)))),
        "AlterModelTable" => into.dangers.push(Danger::RenamesTable(format!("{app}.{}", get("name", 0)))),
        "RenameField" => into.dangers.push(Danger::RenamesColumn(column("old_name"))),
        "AddField" => {
            let field = get("field", 2);
            let plain: String = field.chars().filter(|c| !c.is_whitespace()).collect();
            let may_lack = plain.contains("null=True") || plain.contains("db_default=");
            // Django takes a default away again: the column then wants a value that old code does not give.
            if !may_lack && !plain.contains("ManyToManyField(") {
                into.dangers.push(Danger::RequiresColumn(column("name")));
            }
        }
        "RunSQL" => sql(app, arguments, into),
        "SeparateDatabaseAndState" => {
            into.unclear = true;
            let inner = parts.iter().find(|part| part.trim_start().starts_with("database_operations"));
            if let Some(inner) = inner {
                walk(app, inner, into);
            }
        }
        known if HARMLESS.contains(&known) => {}
        // The class every migration is one of, and the names that it lists.
        "Migration" | "swappable_dependency" => {}
        _ => into.unclear = true,
    }
}

/// SQL of its own is looked at for the words that take something away.
fn sql(app: &str, arguments: &str, into: &mut Migration) {
    into.unclear = true;
    let forward = split(arguments).into_iter().next().unwrap_or_default().to_uppercase();
    let words: Vec<&str> =
        forward.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let says = |a: &str, b: &str| words.windows(2).any(|pair| pair[0] == a && pair[1] == b);
    let by = || format!("{app}, by SQL");
    if says("DROP", "TABLE") {
        into.dangers.push(Danger::DropsTable(by()));
    }
    if says("DROP", "COLUMN") {
        into.dangers.push(Danger::DropsColumn(by()));
    }
    if says("RENAME", "TO") {
        into.dangers.push(Danger::RenamesTable(by()));
    }
    if says("RENAME", "COLUMN") {
        into.dangers.push(Danger::RenamesColumn(by()));
    }
    if says("SET", "NOT") || says("ADD", "COLUMN") && says("NOT", "NULL") {
        into.dangers.push(Danger::RequiresColumn(by()));
    }
}

/// An argument by name or place, without its quotes; `?` where there is none.
fn argument(parts: &[&str], name: &str, place: usize) -> String {
    let named = parts.iter().find_map(|part| {
        let (key, value) = part.split_once('=')?;
        (key.trim() == name).then_some(value)
    });
    let placed = || parts.get(place).filter(|part| !is_keyword(part)).copied();
    let value = named.or_else(placed).unwrap_or("?").trim();
    let bare = value.trim_start_matches(['u', 'r', 'b']).trim_matches(['"', '\'']);
    if value.ends_with(['"', '\'']) { bare.to_owned() } else { value.to_owned() }
}

fn is_keyword(part: &str) -> bool {
    let name = part.trim_start().split('=').next().unwrap_or("").trim();
    part.contains('=') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What stands before the bracket that closes the one just opened.
fn until_closed(text: &str) -> Option<&str> {
    let mut depth = 1_u32;
    for (at, c) in outside_strings(text) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[..at]);
                }
            }
            _ => {}
        }
    }
    None
}

/// Arguments, at the commas that are in no bracket and no string.
fn split(arguments: &str) -> Vec<&str> {
    let (mut depth, mut from) = (0_u32, 0);
    let mut parts = Vec::new();
    for (at, c) in outside_strings(arguments) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&arguments[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    let last = &arguments[from..];
    if !last.trim().is_empty() {
        parts.push(last);
    }
    parts
}

/// The text with everything after a `#` outside of strings gone.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, c) in outside_strings(text) {
        if c == '#' && at >= from {
            out.push_str(&text[from..at]);
            from = text[at..].find('\n').map_or(text.len(), |end| at + end);
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Characters that are in no string. Quotes themselves are left out; within a comment they begin none.
fn outside_strings(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote: Option<&'static str> = None;
    let mut until = 0;
    let mut comment = false;
    text.char_indices().filter(move |(at, c)| {
        if *at < until {
            return false;
        }
        if comment {
            comment = *c != '\n';
            return !comment;
        }
        let here = &text[*at..];
        if let Some(open) = quote {
            if *c == '\\' {
                until = at + 1 + here[1..].chars().next().map_or(0, char::len_utf8);
            } else if here.starts_with(open) {
                until = at + open.len();
                quote = None;
            }
            return false;
        }
        if let Some(open) = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|open| here.starts_with(open)) {
            quote = Some(open);
            until = at + open.len();
            return false;
        }
        comment = *c == '#';
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operations: &str) -> Migration {
        let text = format!(
            "# Generated by Django 4.2\nfrom django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    dependencies = [(\"exports\", \"0001_initial\")]\n\n    operations = [\n{operations}\n    ]\n"
        );
        read("exports", "0002_x", &text)
    }

    #[test]
    fn what_takes_a_table_or_column_away_from_old_code_is_found() {
        let migration = of("        migrations.DeleteModel(name=\"Old\"),
        migrations.RemoveField('export', 'path'),
        migrations.RenameField(
            model_name='export',
            old_name='a',
            new_name='b',
        ),
        migrations.RenameModel(old_name=\"One\", new_name=\"Two\"),
        migrations.AlterModelTable(name='three', table='x'),
        migrations.AddField(model_name='export', name='size', field=models.IntegerField(default=0)),");
        let mut words: Vec<String> = migration.dangers.iter().map(Danger::words).collect();
        words.sort();
        assert_eq!(
            words,
            [
                "adds NOT NULL column exports.export.size",
                "drops column exports.export.path",
                "drops table exports.Old",
                "renames column exports.export.a",
                "renames table exports.One",
                "renames table exports.three",
            ]
        );
        assert!(!migration.unclear);
    }

    #[test]
    fn what_old_code_does_not_notice_is_no_danger() {
        let migration = of("        migrations.CreateModel(name='New', fields=[('id', models.AutoField(primary_key=True))]),
        migrations.AddField('export', 'note', models.TextField(null = True)),
        migrations.AddField('export', 'tags', models.ManyToManyField(to='exports.Tag')),
        migrations.AddField('export', 'state', models.TextField(db_default='new')),
        migrations.AddIndex(model_name='export', index=models.Index(fields=['a'], name='i')),
        # migrations.DeleteModel(name='Commented'),
        migrations.AlterModelOptions(name='export', options={'verbose_name': 'migrations.DeleteModel(name=1)'}),");
        assert_eq!((migration.dangers, migration.unclear), (vec![], false));
    }

    #[test]
    fn sql_and_python_of_its_own_are_unclear_and_sql_is_searched_for_what_breaks() {
        let migration = of("        migrations.RunPython(forwards, migrations.RunPython.noop),");
        assert!(migration.unclear && migration.dangers.is_empty());
        let migration = of(
            "        migrations.RunSQL(\"ALTER TABLE export DROP COLUMN path; -- it's (old\", reverse_sql=''),",
        );
        assert_eq!(migration.dangers, [Danger::DropsColumn("exports, by SQL".into())]);
        let migration =
            of("        migrations.RunSQL('''CREATE INDEX i ON export (a)''', 'DROP TABLE export'),");
        assert!(migration.unclear && migration.dangers.is_empty(), "the way back is not taken");
        assert!(of("        migrations.AlterField('export', 'a', models.TextField()),").unclear);
    }

    #[test]
    fn only_what_is_done_to_the_database_counts() {
        let migration = of("        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name='Moved')],
            database_operations=[migrations.RemoveField('export', 'gone')],
        ),");
        assert_eq!(migration.dangers, [Danger::DropsColumn("exports.export.gone".into())]);
        assert!(migration.unclear);
    }

    #[test]
    fn any_text_is_read_without_harm() {
        for text in
            ["", "operations", "operations = [migrations.", "operations migrations.DeleteModel('", "é # 'x"]
        {
            let _ = read("a", "b", text);
        }
        assert!(read("a", "b", "class Migration: pass").unclear);
        proptest::proptest!(|(text in "[ -~é\\n]{0,200}")| {
            let _ = read("a", "b", &format!("operations = [migrations.{text}"));
        });
    }
}
