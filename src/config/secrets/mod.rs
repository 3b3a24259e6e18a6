//! The project's secrets: `fabsecrets_<environment>.py`, or `fabsecrets.py`, beside the config. Only plain assignments
//! are read; nothing is executed, and no message holds a value.

mod change;
mod literal;
mod made;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::problem::{Problem, ProblemSeverity};

pub use change::{keep, values, with, without};
pub use made::{LENGTH, made, of_bytes};

/// What is added to a secret's name where its next value stands that a person has chosen.
pub const NEXT: &str = "_next";

/// No file of secrets is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A secret's value. Prints nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// This value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself: for files on the way to a server, and for what masks it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The secrets of an environment, and what is wrong with their file.
#[derive(Clone, Debug, Default)]
pub struct ProjectSecrets {
    /// The file they were read from; none when there is none.
    pub file: Option<PathBuf>,
    /// Values by name; of duplicates the last one, as Python has it.
    pub values: BTreeMap<String, Secret>,
    /// What was not read, and who else can read the file.
    pub problems: Vec<Problem>,
}

/// The files an environment's secrets may be in, the one that wins first (R22).
#[must_use]
pub fn files(project_dir: &Path, environment: &str) -> [PathBuf; 2] {
    [project_dir.join(format!("fabsecrets_{environment}.py")), project_dir.join("fabsecrets.py")]
}

/// Reads the secrets of an environment: from the first file that is there.
#[must_use]
pub fn load(project_dir: &Path, environment: &str) -> ProjectSecrets {
    // A name with a slash in it leads nowhere else.
    if environment.contains(['/', '\0']) {
        return ProjectSecrets::default();
    }
    for file in files(project_dir, environment) {
        match read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let problem =
                    problem(&file, 1, 1, ProblemSeverity::Error, format!("cannot be read: {error}"));
                return ProjectSecrets {
                    file: Some(file),
                    problems: vec![problem],
                    ..ProjectSecrets::default()
                };
            }
            Ok(text) => return parsed(file, &text),
        }
    }
    ProjectSecrets::default()
}

/// The text of a file of secrets.
///
/// # Errors
/// Why it was not read.
pub fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = std::fs::File::open(file)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MB, which no file of secrets is"));
    }
    Ok(text)
}

fn parsed(file: PathBuf, text: &str) -> ProjectSecrets {
    let mut secrets =
        ProjectSecrets { problems: others_read(&file).into_iter().collect(), ..Default::default() };
    for statement in literal::statements(text) {
        match statement {
            Ok((name, value)) => {
                secrets.values.insert(name, Secret(value));
            }
            Err(fault) => {
                secrets.problems.push(problem(
                    &file,
                    fault.line,
                    fault.column,
                    ProblemSeverity::Warning,
                    fault.what,
                ));
            }
        }
    }
    secrets.file = Some(file);
    secrets
}

#[cfg(unix)]
fn others_read(file: &Path) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let what =
        format!("others can read the secrets in it (its mode is {mode:o}): chmod 600 {}", file.display());
    (mode & 0o077 != 0).then(|| problem(file, 1, 1, ProblemSeverity::Warning, what))
}

#[cfg(not(unix))]
const fn others_read(_: &Path) -> Option<Problem> {
    None
}

fn problem(file: &Path, line: usize, column: usize, severity: ProblemSeverity, what: String) -> Problem {
    Problem { severity, file: file.to_owned(), line, column, what, suggestion: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn r22_the_common_file_is_for_environments_without_one_of_their_own() {
        let dir = project(&[("fabsecrets.py", "a = 'common'\n"), ("fabsecrets_staging.py", "a = 'own'\n")]);
        let value = |environment: &str| load(dir.path(), environment).values["a"].expose().to_owned();
        assert_eq!((value("staging"), value("testing")), ("own".into(), "common".into()));
        assert!(load(&dir.path().join("elsewhere"), "staging").file.is_none());
    }

    #[test]
    fn neither_secrets_nor_what_is_wrong_with_them_prints_a_value() {
        let dir = project(&[("fabsecrets_x.py", "a = 'hunter22'\nb = open('hunter22')\nc = 'hunter22\n")]);
        let secrets = load(dir.path(), "x");
        assert_eq!(secrets.values["a"].expose(), "hunter22");
        assert!(!format!("{secrets:?}").contains("hunter22"), "{secrets:?}");
        assert!(secrets.problems.len() >= 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_told() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = project(&[("fabsecrets.py", "a = 'b'\n")]);
        let file = dir.path().join("fabsecrets.py");
        let told = |mode| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            load(dir.path(), "x").problems.iter().any(|problem| problem.what.contains("chmod 600"))
        };
        assert_eq!((told(0o644), told(0o640), told(0o600)), (true, true, false));
    }

    #[test]
    fn what_is_no_text_or_too_large_is_a_problem_and_no_panic() {
        let dir = project(&[]);
        std::fs::write(dir.path().join("fabsecrets.py"), [0xff, 0xfe, 0]).unwrap();
        assert_eq!(load(dir.path(), "x").problems.len(), 1);
        std::fs::write(dir.path().join("fabsecrets.py"), "#".repeat(1_100_000)).unwrap();
        assert!(load(dir.path(), "x").problems[0].what.contains("1 MB"));
        std::fs::create_dir(dir.path().join("fabsecrets_y.py")).unwrap();
        assert_eq!(load(dir.path(), "y").problems.len(), 1);
        assert!(load(dir.path(), "../x").file.is_none());
    }
}
