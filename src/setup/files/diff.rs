//! What a file is shown as: its lines, and against what is there which of them come and go.

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownKind {
    /// It stays.
    Same,
    /// It comes.
    Added,
    /// It goes.
    Removed,
    /// Lines that stay are left out here.
    Gap,
}

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub kind: ShownKind,
    /// Its text.
    pub text: String,
}

impl Shown {
    pub(super) fn new(kind: ShownKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// Lines around a change that are shown, too.
const AROUND: usize = 2;
/// The most lines that are compared pair by pair; larger files are shown as all gone and all new.
const LARGEST: usize = 3_000;

/// A new file's lines; or what differs from the one that is there.
pub(super) fn lines(before: Option<&str>, after: &str) -> Vec<Shown> {
    let Some(before) = before else {
        return after.lines().map(|line| Shown::new(ShownKind::Added, line)).collect();
    };
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    around(&compared(&old, &new))
}

fn compared(old: &[&str], new: &[&str]) -> Vec<Shown> {
    let front = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[front..], &new[front..]);
    let back = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old_rest[..old_rest.len() - back], &new_rest[..new_rest.len() - back]);
    let same =
        |lines: &[&str]| lines.iter().map(|line| Shown::new(ShownKind::Same, *line)).collect::<Vec<_>>();
    let mut out = same(&old[..front]);
    if a.len() > LARGEST || b.len() > LARGEST {
        out.extend(a.iter().map(|line| Shown::new(ShownKind::Removed, *line)));
        out.extend(b.iter().map(|line| Shown::new(ShownKind::Added, *line)));
    } else {
        out.extend(middle(a, b));
    }
    out.extend(same(&old_rest[old_rest.len() - back..]));
    out
}

/// The longest lines in common stay.
fn middle(a: &[&str], b: &[&str]) -> Vec<Shown> {
    let wide = b.len() + 1;
    let mut common = vec![0_u32; (a.len() + 1) * wide];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * wide + j] = if a[i] == b[j] {
                common[(i + 1) * wide + j + 1] + 1
            } else {
                common[(i + 1) * wide + j].max(common[i * wide + j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push(Shown::new(ShownKind::Same, a[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[(i + 1) * wide + j] >= common[i * wide + j + 1]) {
            out.push(Shown::new(ShownKind::Removed, a[i]));
            i += 1;
        } else {
            out.push(Shown::new(ShownKind::Added, b[j]));
            j += 1;
        }
    }
    out
}

/// Leaves out what is far from every change.
fn around(all: &[Shown]) -> Vec<Shown> {
    let near = |n: usize| {
        let from = n.saturating_sub(AROUND);
        all[from..(n + AROUND + 1).min(all.len())].iter().any(|line| line.kind != ShownKind::Same)
    };
    let (mut out, mut left_out) = (Vec::new(), 0);
    for (n, line) in all.iter().enumerate() {
        if near(n) {
            if left_out > 0 {
                out.push(gap(left_out));
                left_out = 0;
            }
            out.push(line.clone());
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        out.push(gap(left_out));
    }
    out
}

fn gap(lines: usize) -> Shown {
    let word = if lines == 1 { "line" } else { "lines" };
    Shown::new(ShownKind::Gap, format!("… {lines} {word} as they are"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_and_goes_is_shown_with_what_is_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n";
        let told: Vec<String> = lines(Some(old), "1\n2\n3\nfour\n5\n6\n7\n8\n")
            .into_iter()
            .map(|line| {
                let mark = match line.kind {
                    ShownKind::Same => ' ',
                    ShownKind::Added => '+',
                    ShownKind::Removed => '-',
                    ShownKind::Gap => '~',
                };
                format!("{mark}{}", line.text)
            })
            .collect();
        assert_eq!(told, ["~… 1 line as they are", " 2", " 3", "-4", "+four", " 5", " 6", " 7", "+8"]);
        assert!(lines(None, "a\nb\n").iter().all(|line| line.kind == ShownKind::Added));
    }
}
