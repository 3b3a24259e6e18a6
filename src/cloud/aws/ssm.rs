//! Systems Manager: notes, which are parameters.

use super::{AwsCloud, translate};
use crate::cloud::{Answer, Note};
use crate::fleet::Source;

/// The most parameters in an answer.
const PAGE: i32 = 10;
/// What the read is called.
pub const ACTION: &str = Source::SsmGetParametersByPath.action();

/// `GetParametersByPath` with everything below the path, in order of the names. AWS may give an empty page that is
/// not the last.
pub async fn notes(cloud: &AwsCloud, path: &str) -> Answer<Vec<Note>> {
    let below = match path.trim_end_matches('/') {
        "" => "/",
        some => some,
    };
    let mut notes: Vec<Note> = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(ACTION, &format!("notes below {below}"));
        let request =
            cloud.clients().ssm.get_parameters_by_path().path(below).recursive(true).max_results(PAGE);
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        notes.extend(page.parameters().iter().filter_map(translate::note));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            notes.sort_by(|a, b| a.name.cmp(&b.name));
            return Ok(notes);
        }
        token = next;
    }
}
