//! Who may read the project's repository, by how its address is written.

/// What it takes to read a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// A key, for ssh.
    Key {
        /// The host that it lies on.
        host: String,
    },
}

/// What it takes to read the repository of this address.
///
/// # Errors
/// When nobody could: what is wrong with the address.
pub fn access(repo: &str) -> Result<Access, &'static str> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "'\"`$;&|<>\\".contains(c);
    if repo.is_empty() || repo.starts_with('-') || repo.contains(odd) {
        return Err("is no address of a repository");
    }
    if let Some((scheme, rest)) = repo.split_once("://") {
        let authority = rest.split('/').next().unwrap_or_default();
        return match scheme {
            "ssh" | "git+ssh" | "ssh+git" => key(authority),
            "http" | "https" if authority.contains('@') => {
                Err("has a user or a password in it, which plans and servers would show")
            }
            "http" | "https" | "git" | "file" => Ok(Access::Open),
            _ => Err("is of a kind that is not known: ssh, https, http, git and file are"),
        };
    }
    match repo.split_once(':') {
        // A colon after a slash is one of a path.
        Some((authority, path)) if !authority.contains('/') && !path.is_empty() && !path.starts_with(':') => {
            key(authority)
        }
        _ if repo.starts_with('/') => Ok(Access::Open),
        _ => Err("is no address of a repository"),
    }
}

/// Of `user@host:port`.
fn key(authority: &str) -> Result<Access, &'static str> {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        return Err("has a password in it, which plans and servers would show");
    }
    let host = host.split(':').next().unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if host.is_empty() || host.starts_with('-') || !host.bytes().all(fits) {
        return Err("names no host");
    }
    Ok(Access::Key { host: host.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ssh_want_a_key_for_their_host_and_public_ones_want_nothing() {
        for (repo, host) in [
            ("git@git.example.com:example/myproject.git", "git.example.com"),
            ("git.example.com:myproject.git", "git.example.com"),
            ("ssh://git@git.example.com:2222/example/myproject.git", "git.example.com"),
            ("ssh://hg@hg.example.com//srv/hg/myproject", "hg.example.com"),
        ] {
            assert_eq!(access(repo), Ok(Access::Key { host: host.into() }), "{repo}");
        }
        for repo in
            ["https://git.example.com/a.git", "git://10.0.0.1:9500/a.git", "file:///srv/a.git", "/srv/a.git"]
        {
            assert_eq!(access(repo), Ok(Access::Open), "{repo}");
        }
    }

    #[test]
    fn an_address_with_a_password_or_that_is_none_is_refused() {
        for repo in [
            "",
            "--upload-pack=x",
            "https://ana:secret@git.example.com/a.git",
            "https://token@git.example.com/a.git",
            "ssh://ana:secret@git.example.com/a.git",
            "git@-oProxyCommand=x:a.git",
            "ext::sh",
            "a b",
            "svn://x/y",
            "relative/path",
        ] {
            assert!(access(repo).is_err(), "{repo}");
        }
    }
}
