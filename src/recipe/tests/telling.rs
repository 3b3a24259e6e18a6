//! New Relic is told of the deploy, and nobody else of the key.

use super::*;

const CURL: &str = r#"cat >>"$HERE/curl.in"; echo "$*" >>"$HERE/curl.args"
[ ! -e "$HERE/down" ] || exit 22
case "$*" in
*applications.json) case "$*" in *web*) echo '{"applications": [{"id": 7, "name": "shop staging (web)"}, {"id": 8, "name": "other"}]}' ;;
*) echo '{"applications": []}' ;; esac ;;
esac"#;

fn script(server: &Server, key: &str) -> String {
    let script = new_relic::told(&server.layout, "shop", "staging", &Changeset::new("a1b2c3d"));
    let (first, rest) = script.split_once('\n').unwrap();
    format!("{first}\n{}='{key}'\n{rest}", new_relic::KEY)
}

#[test]
fn new_relic_is_told_of_the_applications_it_knows_and_the_key_is_in_no_argument() {
    let server = Server::new();
    server.tool("bin/curl", CURL);
    let said = server.good(&script(&server, "NRAK-1"));
    assert!(said.contains("knows of the deploy of shop staging (web)"), "{said}");
    assert!(said.contains("no application shop staging (celery)"), "{said}");
    let read = |name: &str| fs::read_to_string(server.at(name)).unwrap();
    let told = read("curl.args");
    assert!(
        told.contains("/applications/7/deployments.json") && !told.contains("/applications/8/"),
        "{told}"
    );
    assert!(told.contains(r#"{"deployment": {"revision": "a1b2c3d""#) && !told.contains("NRAK-1"), "{told}");
    assert!(read("curl.in").contains("Api-Key: NRAK-1"));
}

#[test]
fn a_key_that_is_none_and_a_service_that_is_down_say_so() {
    let server = Server::new();
    server.tool("bin/curl", CURL);
    assert!(server.bad(&script(&server, "a\"b")).contains("is no key"));
    fs::write(server.at("down"), "").unwrap();
    assert!(server.bad(&script(&server, "NRAK-1")).contains("does not answer"));
}
