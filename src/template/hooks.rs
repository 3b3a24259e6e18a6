//! Where an executable in the place of a fabfile's task runs, as its header says.

/// Its header says where a hook runs: one of its first lines is `# Runs on: the server`, or `# Runs on: local`.
pub(super) fn runs_on_server(path: &str, text: &str) -> Result<(), String> {
    if !text.starts_with("#!") {
        return Err(format!("{path} does not begin with #! and the program that runs it"));
    }
    let mut header = text.lines().take(HEADER).map(str::to_lowercase);
    let said = header.find_map(|line| Some(line.split_once("runs on:")?.1.trim().to_owned()));
    match said {
        Some(place) if place.starts_with("local") => Err(format!(
            "{path} runs on the operator's machine, as its header says, which operations do not do: run it by hand"
        )),
        Some(place) if place.contains("server") => Ok(()),
        Some(place) => Err(format!(
            "{path} runs on `{}`, which is neither a server nor local",
            crate::fleet::text::one_line(&place)
        )),
        None => Err(format!(
            "{path} does not say where it runs: write the comment `# Runs on: the server` into its second line"
        )),
    }
}

/// So many lines may stand before it.
const HEADER: usize = 10;
