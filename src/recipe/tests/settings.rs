//! The settings are written whole or not at all, and go back to what was there.

use super::*;

fn written(server: &Server, text: &str, note: &str) -> String {
    let script = code::settings_written(&server.layout, (!note.is_empty()).then_some(note));
    let (first, rest) = script.split_once('\n').unwrap();
    format!("{first}\n{}='{}'\n{rest}", code::SETTINGS_TEXT, text.replace('\'', r"'\''"))
}

fn server() -> Server {
    let server = Server::new();
    server.tool("env/bin/python", "exec python3 \"$@\"");
    server
}

fn files(server: &Server) -> Vec<String> {
    let names = fs::read_dir(server.directory.path()).unwrap().map(|one| one.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with("local_settings"));
    names.sort();
    names
}

#[test]
fn settings_are_replaced_and_come_back_as_they_were_however_often_it_is_begun() {
    let server = server();
    let path = server.at("local_settings.py");
    fs::write(&path, "OLD = 'it''s'\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let now = || fs::read_to_string(&path).unwrap();
    for _ in 0..2 {
        server.good(&written(&server, "NEW = 'a'\nB = \"it's $HOME `id`\"", "n1"));
        assert_eq!(now(), "NEW = 'a'\nB = \"it's $HOME `id`\"\n");
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let back = code::settings_back(&server.layout, "n1");
    assert!(server.good(&back).contains("as it was before"));
    assert_eq!((now(), files(&server)), ("OLD = 'it''s'\n".into(), vec!["local_settings.py".to_owned()]));
    assert!(server.good(&back).contains("not changed"));
}

#[test]
fn settings_that_are_no_python_touch_nothing() {
    let server = server();
    fs::write(server.at("local_settings.py"), "OLD = 1\n").unwrap();
    let said = server.bad(&written(&server, "NEW = {{", "n1"));
    assert!(said.contains("no Python"), "{said}");
    assert_eq!(fs::read_to_string(server.at("local_settings.py")).unwrap(), "OLD = 1\n");
    assert_eq!(files(&server), ["local_settings.py"]);
}

#[test]
fn first_settings_can_be_read_by_nobody_else_and_old_ones_are_kept_once() {
    let server = server();
    let path = server.at("local_settings.py");
    server.good(&written(&server, "A = 1", "n1"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    for (text, note) in [("A = 2", "n2"), ("A = 3", "n3")] {
        server.good(&written(&server, text, note));
    }
    assert_eq!(files(&server), ["local_settings.py", "local_settings.py.before-n3"]);
    let said = server.good(&written(&server, "A = 3", "n4"));
    assert!(said.contains("as the template makes it"), "{said}");
}

#[test]
fn r9_nothing_of_old_settings_is_left_where_an_image_is_made_of_it() {
    let server = server();
    server.good(&written(&server, "A = 1", "n1"));
    server.good(&written(&server, "A = 2", "n2"));
    for text in ["A = 3", "A = 3"] {
        server.good(&written(&server, text, ""));
        assert_eq!(files(&server), ["local_settings.py"]);
    }
    assert_eq!(fs::read_to_string(server.at("local_settings.py")).unwrap(), "A = 3\n");
}
