//! The directory of control sockets: short, private, and swept of what dead connections left behind.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// ssh adds 17 characters while it makes a socket; Linux allows 107 and macOS 103.
const LONGEST: usize = 103 - 17;

/// The longest name of a socket: a digest, a dot and a word.
const NAME: usize = 26;

/// Younger files may belong to a connection that is just being made.
const YOUNG: Duration = Duration::from_secs(60);

/// The directory, made when it is not there.
///
/// # Errors
/// When it cannot be made, or somebody else could put a socket there.
pub(super) fn open(wanted: Option<&Path>) -> io::Result<PathBuf> {
    let user = rustix::process::getuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let runtime = runtime.map(|path| path.join("quarterdeck")).filter(|path| fits(path));
    let fallback = PathBuf::from(format!("/tmp/quarterdeck-{user}"));
    let directory = wanted.map(Path::to_owned).or(runtime).unwrap_or(fallback);
    if !fits(&directory) {
        return Err(io::Error::other(format!(
            "{} is too long a path for ssh's sockets",
            directory.display()
        )));
    }
    match fs::DirBuilder::new().mode(0o700).create(&directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(&directory)?;
    if !found.is_dir() || found.uid() != user || found.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "{} must be a directory of yours with mode 0700: ssh's sockets lie there",
            directory.display()
        )));
    }
    Ok(directory)
}

fn fits(directory: &Path) -> bool {
    directory.as_os_str().len() + 1 + NAME <= LONGEST
}

/// Removes sockets that nobody listens on and the files beside them. Live connections, also those of other
/// consoles, are left alone.
pub(super) fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        let old = found.modified().ok().and_then(|at| at.elapsed().ok()).is_some_and(|age| age > YOUNG);
        if !old {
            continue;
        }
        if found.file_type().is_socket() {
            if is_dead(&path) {
                let _ = fs::remove_file(&path);
            }
        } else if path.extension().is_some_and(|ending| ending == "log" || ending == "key")
            && is_dead(&path.with_extension(""))
        {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Whether nobody listens there.
fn is_dead(socket: &Path) -> bool {
    match UnixStream::connect(socket) {
        Ok(_) => false,
        Err(error) => matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::time::SystemTime;

    use super::*;

    fn aged(path: &Path) {
        let then = SystemTime::now() - 2 * YOUNG;
        fs::File::open(path).unwrap().set_modified(then).unwrap();
    }

    #[test]
    fn the_directory_is_private_or_refused() {
        let temp = tempfile::tempdir().unwrap();
        let made = open(Some(&temp.path().join("c"))).unwrap();
        assert_eq!(fs::metadata(&made).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&made, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(open(Some(&made)).is_err());
        std::os::unix::fs::symlink(temp.path(), temp.path().join("link")).unwrap();
        assert!(open(Some(&temp.path().join("link"))).is_err());
        assert!(open(Some(&temp.path().join("x".repeat(90)))).is_err());
    }

    #[test]
    fn what_the_dead_left_goes_and_what_lives_stays() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        drop(UnixListener::bind(at("dead.main")).unwrap());
        let _live = UnixListener::bind(at("live.main")).unwrap();
        for name in ["dead.main.log", "live.main.log", "other"] {
            fs::write(at(name), "").unwrap();
            aged(&at(name));
        }
        // The age of a socket cannot be set by opening it.
        for name in ["dead.main", "live.main"] {
            let status =
                std::process::Command::new("touch").args(["-d", "1 hour ago"]).arg(at(name)).status();
            assert!(status.unwrap().success());
        }
        drop(UnixListener::bind(at("young.main")).unwrap());
        sweep(temp.path());
        for (name, there) in [
            ("dead.main", false),
            ("dead.main.log", false),
            ("live.main", true),
            ("live.main.log", true),
            ("young.main", true),
            ("other", true),
        ] {
            assert_eq!(at(name).exists(), there, "{name}");
        }
    }
}
