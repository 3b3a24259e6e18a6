//! What is removed before an image is made. The script runs below a directory of its own only, asks a metadata service
//! that pretends, and has tools that refuse to touch anything outside of that directory.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use super::{Server, text};
use crate::fleet::Layout;
use crate::recipe::bake;

const ID: &str = "i-0a1b2c3d4e5f60718";

/// A tool that only touches what lies below the root.
const FENCED: &str = r#"for arg in "$@"; do case $arg in -*|[0-7][0-7][0-7]) ;; "$ROOT"/*) ;; *) echo "$0 $arg" >>"$HERE/outside"; exit 99 ;; esac; done
exec /bin/"${0##*/}" "$@""#;

/// EC2's metadata: without a token nobody learns anything.
const METADATA: &str = r#"case "$*" in
*'-X PUT'*/api/token) echo word ;;
*'-H @-'*/meta-data/instance-id) read -r header; [ "$header" = 'X-aws-ec2-metadata-token: word' ] && cat "$HERE/id" ;;
*) exit 22 ;;
esac"#;

/// A directory that looks like the whole of a builder.
struct Builder {
    server: Server,
    root: TempDir,
    layout: Layout,
}

impl Builder {
    fn new() -> Self {
        let server = Server::new();
        for tool in ["rm", "mv", "cp", "ln", "mkdir"] {
            server.tool(&format!("bin/{tool}"), FENCED);
        }
        server.tool("bin/curl", METADATA);
        server.tool("bin/stat", "echo tmpfs");
        fs::write(server.at("id"), ID).unwrap();
        let layout = Layout {
            home: "/home/myproject".into(),
            services: "/home/myproject/services".into(),
            root: "/home/myproject/www/staging".into(),
            log_dir: "/home/myproject/www/staging/log".into(),
            ..server.layout.clone()
        };
        let builder = Self { server, root: tempfile::tempdir().unwrap(), layout };
        for (name, holds) in [
            ("etc/ssh/ssh_host_ed25519_key", "private"),
            ("etc/ssh/ssh_host_ed25519_key.pub", "public"),
            ("etc/ssh/ssh_host_rsa_key", "private too"),
            ("etc/ssh/ssh_host_rsa_key.pub", "public too"),
            ("etc/ssh/sshd_config", "kept"),
            ("etc/machine-id", "0123456789abcdef"),
            ("etc/cloud/cloud.cfg", "ssh_deletekeys: true"),
            ("var/lib/dbus/machine-id", "0123456789abcdef"),
            ("usr/bin/cloud-init", "kept"),
            ("run/kept", "kept"),
            ("tmp/kept", "kept"),
            ("root/.bash_history", "secret"),
            ("root/.profile", "kept"),
            ("home/ubuntu/.bash_history", "secret"),
            ("home/ubuntu/.ssh/authorized_keys", "kept"),
            ("home/ubuntu/.aws/cli/cache/a.json", "secret"),
            ("home/ubuntu/.aws/config", "kept"),
            ("home/myproject/.psql_history", "secret"),
            ("home/myproject/services/nginx/site.conf", "kept"),
            ("home/myproject/services/supervisor/supervisord.pid", "1"),
            ("home/myproject/www/staging/run/gunicorn.pid", "2"),
            ("home/myproject/www/staging/code_root/kept.pid", "kept"),
            ("home/myproject/www/staging/log/kept.log", "kept"),
            ("var/lib/quarterdeck/jobs/ended/status", "kept"),
            ("var/lib/quarterdeck/jobs/ended/out", "secret"),
            ("var/lib/quarterdeck/jobs/under-way/out", "kept"),
        ] {
            let path = builder.at(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, holds).unwrap();
        }
        fs::set_permissions(builder.at("usr/bin/cloud-init"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(builder.at("etc/ssh/ssh_host_rsa_key"), fs::Permissions::from_mode(0o600))
            .unwrap();
        builder
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs it as the engine would, below this directory and nowhere else.
    fn run(&self, server: Option<&str>, layout: &Layout) -> Output {
        let root = self.root.path().to_str().unwrap();
        assert!(root.starts_with('/') && self.root.path().components().count() > 2, "{root}");
        let script = bake::clean_below(layout, root);
        assert!(script.contains(&format!("\nroot='{root}'\n")), "{script}");
        let told = server.map_or_else(String::new, |id| format!("export QUARTERDECK_SERVER='{id}'\n"));
        let output = self.server.run(&format!("export ROOT='{root}'\n{told}{script}"));
        assert!(
            !self.server.at("outside").exists(),
            "{}",
            fs::read_to_string(self.server.at("outside")).unwrap()
        );
        output
    }

    /// Every file, with what it holds or where it leads.
    fn files(&self) -> BTreeMap<String, String> {
        fn walk(root: &Path, dir: &Path, all: &mut BTreeMap<String, String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                if path.is_symlink() {
                    let leads = fs::read_link(&path).unwrap();
                    all.insert(name, format!("-> {}", leads.strip_prefix(root).unwrap().display()));
                } else if path.is_dir() {
                    walk(root, &path, all);
                } else {
                    all.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(self.root.path(), self.root.path(), &mut all);
        all
    }
}

#[test]
fn r9_what_is_baked_holds_no_host_key_no_machine_id_no_pid_file_no_history_and_no_temporary_secret() {
    let builder = Builder::new();
    let before = builder.files();
    for _ in 0..2 {
        let output = builder.run(Some(ID), &builder.layout);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        let after = builder.files();
        let baked: BTreeMap<&str, &str> = after
            .iter()
            .filter(|(name, _)| !name.starts_with("run/"))
            .map(|(name, holds)| (name.as_str(), holds.as_str()))
            .collect();
        let mut left: BTreeMap<&str, &str> = before
            .iter()
            .filter(|(_, holds)| ["kept", "ssh_deletekeys: true"].contains(&holds.as_str()))
            .map(|(name, holds)| (name.as_str(), holds.as_str()))
            .collect();
        left.remove("run/kept");
        left.insert("etc/machine-id", "");
        left.insert("etc/ssh/ssh_host_ed25519_key", "-> run/quarterdeck-host-keys/ssh_host_ed25519_key");
        left.insert("etc/ssh/ssh_host_rsa_key", "-> run/quarterdeck-host-keys/ssh_host_rsa_key");
        assert_eq!(baked, left);
        // In memory they are still there, as they were.
        let key = builder.at("etc/ssh/ssh_host_rsa_key");
        assert_eq!(fs::read_to_string(&key).unwrap(), "private too");
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        let keys = fs::metadata(builder.at("run/quarterdeck-host-keys")).unwrap();
        assert_eq!(keys.permissions().mode() & 0o777, 0o700);
    }
}

/// Changes the builder, the metadata or what the script is told.
type Spoil = Box<dyn Fn(&Builder, &mut Layout) -> Option<&'static str>>;

#[test]
fn nothing_is_removed_anywhere_but_on_the_server_that_is_meant() {
    let told = |spoil: fn(&Builder)| -> Spoil {
        Box::new(move |builder, _| {
            spoil(builder);
            Some(ID)
        })
    };
    let cases: Vec<(Spoil, &str)> = vec![
        (Box::new(|_, _| None), "nobody said which server is meant"),
        (Box::new(|_, _| Some("")), "nobody said which server is meant"),
        (
            Box::new(|_, _| Some("i-0000000000000000f")),
            "this is not i-0000000000000000f, but i-0a1b2c3d4e5f60718",
        ),
        (told(|builder| builder.server.tool("bin/curl", "exit 7")), "EC2 does not say which server this is"),
        (
            told(|builder| {
                builder.server.tool("bin/curl", "case \"$*\" in *token) echo word ;; *) exit 22 ;; esac");
            }),
            "EC2 does not say which server this is",
        ),
        (
            told(|builder| fs::write(builder.server.at("id"), "").unwrap()),
            "this is not i-0a1b2c3d4e5f60718, but ",
        ),
        (told(|builder| fs::remove_file(builder.at("usr/bin/cloud-init")).unwrap()), "no cloud-init"),
        (
            told(|builder| {
                fs::write(builder.at("etc/cloud/cloud.cfg"), "a: 1\nssh_deletekeys: No\n").unwrap();
            }),
            "told to keep host keys",
        ),
        (told(|builder| builder.server.tool("bin/stat", "echo ext2/ext3")), "is not in memory"),
        (
            Box::new(|_, layout| {
                layout.home = "/home/../..".into();
                Some(ID)
            }),
            "leads elsewhere",
        ),
        (
            Box::new(|_, layout| {
                layout.services = "services".into();
                Some(ID)
            }),
            "is no whole path",
        ),
        (
            Box::new(|_, layout| {
                layout.log_dir = String::new();
                Some(ID)
            }),
            "is no whole path",
        ),
        (
            Box::new(|_, layout| {
                layout.home = "x'; touch \"$HERE/outside\"; $(touch \"$HERE/outside\")\n#".into();
                Some(ID)
            }),
            "is no whole path",
        ),
    ];
    for (spoil, why) in cases {
        let builder = Builder::new();
        let mut layout = builder.layout.clone();
        let server = spoil(&builder, &mut layout);
        let before = builder.files();
        let output = builder.run(server, &layout);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{why}: {}", text(&output.stdout));
        assert!(said.contains(why) && said.trim_end().ends_with(": nothing was removed"), "{why}: {said}");
        assert_eq!(builder.files(), before, "{why}");
    }
}

#[test]
fn the_script_that_the_builder_gets_begins_at_its_root_and_says_so_in_its_text() {
    // Read only. Below another root it is the same script.
    let layout = Layout { home: "/home/myproject".into(), ..Layout::default() };
    let real = bake::clean(&layout);
    let elsewhere = bake::clean_below(&layout, "/elsewhere");
    assert_eq!(real.replace("\nroot='/'\n", "\nroot='/elsewhere'\n"), elsewhere);
    assert!(!real.contains("rm -r") && !real.contains("/tmp"), "{real}");
}
