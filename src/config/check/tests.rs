//! One mistake at a time, each with the message it must give.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::parse_project;
use super::*;

/// The smallest project without a problem: its files are not looked for, since it does not name them.
const BASE: &str = "\
project: shop
deploy_user: shop
webserver_user: shop-web
database_user: shop
home: /home/shop
repo: git@git.example.com:shop.git
wsgi_app: shop.wsgi:application
requirements_file: requirements.txt
localsettings_template: .
ssh_keys: .
region: us-east-1
avail_zones: [a, c]
default_deployment: shop
deployments: [shop]
environments: [staging, production]
production_environments: [production]
valid_roles: [cache, db-primary, web]
branches: {shop: {staging: develop, production: main}}
server_ports: {staging: 8000, production: 8001}
site_domains_map: {staging: [staging.example.com], production: [www.example.com]}
load_balancers: {shop: {staging: [shop-staging-lb], production: [shop-production-lb]}}
auto_scaling_groups: {shop: {staging: shop-staging-ag, production: shop-production-ag}}
security_groups: {cache: [sg], db-primary: [sg], web: [sg]}
instance_types: {cache: t3.small, db-primary: m5.large, web: c5.large}
volume_sizes: {cache: 10, db-primary: 100, web: 10}
volume_types: {cache: gp3, db-primary: gp3, web: gp3}
";

/// What is exchanged in [`BASE`], and what must be said then; with an empty first text the second is put at the end.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    // A secret that nobody has.
    (
        "",
        "password_names: [database_password, secret_key]\n",
        &[
            "27:1: note: staging has no value of database_password, secret_key: settings are written once \
           fabsecrets_staging.py has them",
            "27:1: note: production has no value of database_password, secret_key: settings are written once \
           fabsecrets_production.py has them",
        ],
    ),
    // A word that is none.
    (
        "production_environments: [production]",
        "production_environments: [prodution]",
        &[
            "16:27: error: `production_environments` names `prodution`, which is no environment; until that is mended, \
           `production` is treated as production; did you mean `production`?",
        ],
    ),
    (
        "server_ports: {staging: 8000,",
        "server_ports: {stagin: 8000,",
        &[
            "19:1: error: the environment `staging` has no server port",
            "19:16: error: `server_ports` names `stagin`, which is no environment; there are staging, production; did you \
           mean `staging`?",
        ],
    ),
    (
        "branches: {shop: {staging: develop,",
        "branches: {shop: {demo: x, staging: develop,",
        &["18:19: warning: `branches` names `demo`, which is no environment; there are staging, production"],
    ),
    (
        "default_deployment: shop",
        "default_deployment: shopp",
        &[
            "13:21: error: `default_deployment` names `shopp`, which is no deployment; there are shop; did you mean `shop`?",
        ],
    ),
    (
        "load_balancers: {shop:",
        "load_balancers: {shpo:",
        &[
            "21:1: error: the environment `staging` has no load balancer",
            "21:1: error: the environment `production` has no load balancer",
            "21:18: error: `load_balancers` names `shpo`, which is no deployment; there are shop; did you mean `shop`?",
        ],
    ),
    (
        "valid_roles: [cache, db-primary, web]",
        "valid_roles: [cache, db-primary, web, wroker]",
        &[
            "17:39: error: `wroker` is no role; there are cache, combo, db-master, db-primary, db-replica, db-slave, web, \
           worker; did you mean `worker`?",
            "23:1: error: the role `wroker` has no security group in any environment",
            "24:1: error: the role `wroker` has no instance type in any environment",
            "25:1: error: the role `wroker` has no volume size in any environment",
            "26:1: warning: the role `wroker` has no volume type in any environment",
        ],
    ),
    (
        "instance_types: {cache: t3.small,",
        "instance_types: {worker: t3.small, cahce: x.y, cache: t3.small,",
        &[
            "24:18: note: `instance_types` names the role `worker`, which is not in `valid_roles`",
            "24:36: error: `instance_types` names `cahce`, which is no environment or role; there are cache, db-primary, \
           web, staging, production; did you mean `cache`?",
        ],
    ),
    // Something that is missing.
    (
        "volume_sizes: {cache: 10, db-primary: 100, web: 10}",
        "volume_sizes: {cache: 10, db-primary: 100, production: {web: 10}}",
        &["25:1: error: the role `web` has no volume size in `staging`"],
    ),
    (
        "security_groups: {cache: [sg], db-primary: [sg], web: [sg]}",
        "security_groups: {cache: [sg], db-primary: [], web: [sg]}",
        &["23:1: error: the role `db-primary` has no security group in any environment"],
    ),
    (
        "volume_types: {cache: gp3, db-primary: gp3, web: gp3}\n",
        "",
        &["1:1: warning: no `volume_types`, so no role has a volume type"],
    ),
    (
        "auto_scaling_groups: {shop: {staging: shop-staging-ag, production: shop-production-ag}}\n",
        "",
        &["1:1: error: no `auto_scaling_groups`, so no environment has an Auto Scaling group"],
    ),
    (
        "auto_scaling_groups: {shop: {staging: shop-staging-ag,",
        "auto_scaling_groups: {shop: {",
        &["22:23: error: the environment `staging` has no Auto Scaling group"],
    ),
    (
        "site_domains_map: {staging: [staging.example.com],",
        "site_domains_map: {staging: [],",
        &["20:1: error: the environment `staging` has no site domain"],
    ),
    ("region: us-east-1\n", "region:\n", &["11:1: error: `region` is empty"]),
    (
        "ssh_keys: .",
        "ssh_keys: deployment/users",
        &["10:11: note: `ssh_keys` names `deployment/users`, which is not beside the config"],
    ),
    // What is in it is judged where it is there.
    (
        "ssh_keys: .",
        "ssh_keys: keys",
        &["10:11: note: `ssh_keys` names `keys`, which is not beside the config"],
    ),
    // Values.
    (
        "production: [www.example.com]",
        "production: [.example.com, www.example.com]",
        &[
            "20:65: error: the first domain of `production` is the wildcard `.example.com`, but it names the site; put a \
           plain one first; did you mean `www.example.com`?",
        ],
    ),
    (
        "staging: [staging.example.com]",
        "staging: ['https://staging.example.com/']",
        &[
            "20:30: error: `https://staging.example.com/` is no domain; write it without scheme, port and path",
        ],
    ),
    (
        "avail_zones: [a, c]",
        "avail_zones: [a, us-west-2c]",
        &[
            "12:18: error: `us-west-2c` is no zone of us-east-1; write its letter, or `us-east-1a` in full; did you mean \
           `c`?",
        ],
    ),
    (
        "",
        "subnets: {us-east-1a: subnet-1}\n",
        &["12:18: error: the zone `c` has no subnet in `subnets`; give it one as `c` or `us-east-1c`"],
    ),
    ("", "subnets: {a: subnet-1, us-east-1c: subnet-2}\n", &[]),
    (
        "web: c5.large}",
        "web: c5.Large}",
        &["24:62: error: `c5.Large` is no instance type; they look like `t3.medium`"],
    ),
    (
        "",
        "db_settings: {postgresql_networks: [10.0.0.0/8, 10.0.0.0/33, all, office]}\n",
        &[
            "27:49: error: `10.0.0.0/33` is no network that may connect; they look like `10.0.0.0/8`",
            "27:67: error: `office` is no network that may connect; they look like `10.0.0.0/8`",
        ],
    ),
    (
        "",
        "instance_settings: {ami: ami-1, fs_type: ext5}\n",
        &[
            "27:26: error: `ami-1` is no image; their ids look like `ami-0123456789abcdef0`",
            "27:42: error: `fs_type` is `ext5`; it is one of ext3, ext4, xfs, btrfs; did you mean `ext3`?",
        ],
    ),
    (
        "region: us-east-1",
        "region: us-est-1",
        &["11:9: warning: `region` is `us-est-1`, which is no region known here; did you mean `us-east-1`?"],
    ),
    (
        "",
        "static_hosting: locl\n",
        &["27:17: error: `static_hosting` is `locl`; it is one of local, remote; did you mean `local`?"],
    ),
    (
        "shop-staging-lb",
        "shop_staging_lb",
        &[
            "21:35: error: `shop_staging_lb` cannot be the name of a load balancer: letters, digits and inner dashes, 32 at \
           most",
        ],
    ),
    (
        "",
        "disable_known_hosts: true\n",
        &["27:1: note: `disable_known_hosts` alone is not obeyed: host keys are checked; take it out"],
    ),
    (
        "",
        "log_host: logs.example.com\n",
        &["27:1: note: `log_host` is an old key; it is called `gelf_log_host` now"],
    ),
    (
        "",
        "instance_settings: {fs_encrypt: yes}\n",
        &[
            "27:21: warning: with `fs_encrypt` a web server that its group starts boots locked, fails its health check and \
           is replaced, again and again; use `ebs_encrypt: true` instead",
        ],
    ),
    // Keys and types.
    (
        "",
        "region: us-west-2\n",
        &["27:1: warning: `region` is given twice, first at 11:1; this one counts, so take one of them out"],
    ),
    (
        "environments: [staging, production]",
        "environments: [staging, production, staging]",
        &["15:37: warning: `staging` is listed twice in `environments`, first at 15:16"],
    ),
    (
        "",
        "gunicorn_timout: 3\nnobody_knows: 1\n",
        &[
            "27:1: note: unknown key `gunicorn_timout`; templates see it, nothing else does; did you mean \
           `gunicorn_timeout`?",
            "28:1: note: unknown key `nobody_knows`; templates see it, nothing else does",
        ],
    ),
    (
        "",
        "instance_settings:\n    run_upgrade: 'yes'\n    repo: x\n",
        &[
            "28:18: error: `instance_settings.run_upgrade` wants true or false without quotes, not text; the default is used",
            "29:5: error: `repo` belongs to the top of the file, not into `instance_settings`; indent it less",
        ],
    ),
    (
        "staging: 8000",
        "staging: eight",
        &[
            "19:1: error: the environment `staging` has no server port",
            "19:25: error: `staging` wants a port from 1 to 65535, not text; it is left out",
        ],
    ),
    (
        "load_balancers: {shop: {staging: [shop-staging-lb],",
        "load_balancers: {shop: {staging: shop-staging-lb,",
        &[
            "21:34: warning: a list is wanted here, so write `[shop-staging-lb]`; FabulAWS takes this apart letter by letter",
        ],
    ),
    (
        "staging: develop",
        "staging: 1.10",
        &["18:28: warning: YAML reads `1.10` as the number 1.1; put quotes around it"],
    ),
    (
        "",
        "celery_workers: [main]\n",
        &["27:17: error: `celery_workers` wants a mapping, not a list; the default is used"],
    ),
];

fn changed((from, to, _): &Case) -> String {
    if from.is_empty() {
        return format!("{BASE}{to}");
    }
    assert!(BASE.contains(from), "the base has no `{from}`");
    BASE.replace(from, to)
}

fn shown(text: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    checked(dir.path(), text)
}

fn checked(dir: &Path, text: &str) -> Vec<String> {
    let mut problems = Problems::of(Path::new("c.yml"));
    if let Some(project) = parse_project(text, &mut problems) {
        check_project(&project, dir, true, &mut problems);
    }
    problems.into_sorted().iter().map(|problem| problem.to_string().replace("c.yml:", "")).collect()
}

#[test]
fn keys_that_are_none_are_refused_with_file_and_line_and_private_ones_are_not_repeated() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("users")).unwrap();
    let config = BASE.replace("ssh_keys: .", "ssh_keys: users");
    let here = format!("{}/", dir.path().display());
    let said = |text: &str| {
        fs::write(dir.path().join("users/ana"), text).unwrap();
        checked(dir.path(), &config).iter().map(|line| line.replace(&here, "")).collect::<Vec<_>>()
    };
    for (text, words) in [
        ("hello\n", "users/ana:1: "),
        ("\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n", "users/ana:2: this is a private key"),
    ] {
        let lines = said(text);
        assert!(lines.len() == 1 && lines[0].starts_with("10:11: error: "), "{lines:?}");
        assert!(
            lines[0].contains(words) && !lines[0].contains("b3BlbnNz") && !lines[0].contains("hello"),
            "{lines:?}"
        );
    }
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop\n";
    assert_eq!(said(key), Vec::<String>::new());
}

#[test]
fn a_good_project_has_no_problem() {
    assert_eq!(shown(BASE), Vec::<String>::new());
}

#[test]
fn each_mistake_is_reported_with_its_place_and_the_nearest_right_name() {
    let wrong: Vec<_> = CASES
        .iter()
        .map(|case| (case, shown(&changed(case))))
        .filter(|(case, shown)| shown != case.2)
        .map(|(case, shown)| format!("`{}` became `{}`: {shown:#?}", case.0, case.1))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_proved_by_a_mistake() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("fabfile.py"), "def post_bootstrap():\n    pass\n").unwrap();
    fs::create_dir_all(dir.path().join("keys")).unwrap();
    fs::write(dir.path().join("keys/ana"), "hello\n").unwrap();
    let mut silent: BTreeSet<&str> = rules().collect();
    for case in CASES {
        let mut ignored = Problems::of(Path::new("c.yml"));
        let Some(project) = parse_project(&changed(case), &mut ignored) else { continue };
        let context = Context { project: &project, dir: dir.path(), check_host_keys: true };
        for rule in RULES {
            let mut problems = Problems::of(Path::new("c.yml"));
            (rule.check)(&context, &mut problems);
            if !problems.into_sorted().is_empty() {
                silent.remove(rule.about);
            }
        }
    }
    assert_eq!(silent, BTreeSet::new());
}

#[test]
fn a_whole_file_under_odd_indentation_is_as_good() {
    let indented = format!("       {}", BASE.trim_end().replace('\n', "\n       "));
    assert_eq!(shown(&indented), Vec::<String>::new());
    assert_eq!(shown(&BASE.replace('\n', "\r\n")), Vec::<String>::new());
}

#[test]
fn host_keys_go_unchecked_only_when_project_and_preferences_both_say_so_and_that_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("{BASE}disable_known_hosts: true\n");
    fs::write(dir.path().join("fabulaws-config.yml"), &text).unwrap();
    let said = |preferences: &str| {
        fs::write(dir.path().join("quarterdeck.toml"), preferences).unwrap();
        let report = check(&CheckOptions {
            config_file: None,
            dir: dir.path(),
            deployment: None,
            user_dir: None,
            keymaps: Vec::new(),
            themes: Vec::new(),
        });
        let lines: Vec<_> =
            report.problems.iter().map(|problem| (problem.severity, problem.what.clone())).collect();
        lines.into_iter().filter(|(_, what)| what.contains("host keys are")).collect::<Vec<_>>()
    };
    let both = said("[ssh]\ncheck_host_keys = false\n");
    assert!(both[0].0 == ProblemSeverity::Warning && both[0].1.contains("not checked"), "{both:?}");
    let one = said("[ssh]\ncheck_host_keys = true\n");
    assert!(one[0].0 == ProblemSeverity::Note && one[0].1.contains("are checked"), "{one:?}");
    let project = parse_project(BASE, &mut Problems::of(Path::new("c.yml"))).unwrap();
    assert!(project.checks_host_keys(false), "the preference alone changes nothing");
}

#[test]
fn hooks_of_the_fabfile_are_listed_and_what_replaces_them_must_be_executable() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("deployment/hooks")).unwrap();
    let text = "def post_bootstrap():\n    pass\n\n\ndef pre_install_rsyslog():\n    pass\n";
    fs::write(dir.path().join("fabfile.py"), text).unwrap();
    fs::write(dir.path().join("deployment/hooks/pre_install_rsyslog"), "#!/bin/sh\n").unwrap();
    fs::write(dir.path().join("deployment/hooks/post_bootsrap"), "#!/bin/sh\n").unwrap();
    let here = dir.path().display().to_string();
    let shown: Vec<String> = checked(dir.path(), BASE).iter().map(|line| line.replace(&here, "")).collect();
    let expected = [
        "/deployment/hooks/post_bootsrap:1:1: warning: `post_bootsrap` is no hook, so it is never run; there are \
         post_bootstrap, pre_install_rsyslog, post_reload_production_db; did you mean `post_bootstrap`?",
        "/fabfile.py:1:5: warning: FabulAWS runs the task `post_bootstrap`, and nothing replaces it here; write an \
         executable `deployment/hooks/post_bootstrap`",
        "/fabfile.py:5:5: error: `deployment/hooks/pre_install_rsyslog` replaces the task `pre_install_rsyslog`, but is \
         not executable; chmod +x it",
    ];
    assert_eq!(shown, expected);
}

/// Checks a file of these bytes.
fn report_of(bytes: &[u8]) -> Report {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("fabulaws-config.yml"), bytes).unwrap();
    report_in(dir.path(), None)
}

fn report_in(dir: &Path, config_file: Option<&Path>) -> Report {
    check(&CheckOptions {
        config_file,
        dir,
        deployment: None,
        user_dir: None,
        keymaps: vec![],
        themes: vec![],
    })
}

#[test]
fn files_that_are_no_config_say_what_they_are_and_what_to_do() {
    let laugh = |n: u32| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(","));
    let laughs = (1..20).map(laugh).collect::<Vec<_>>().concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "1:1: error: this file is empty"),
        (b"# only a comment\n".to_vec(), "1:1: error: this file is empty"),
        (b"- a\n- b\n".to_vec(), "1:1: error: a config is a mapping of keys and values, but this is a list"),
        (b"\x7fELF\x02\x01\x01\x00".to_vec(), "1:1: error: holds the control byte 0x7f"),
        (b"a: b\nc: \x00\n".to_vec(), "2:4: error: holds the control byte 0x00"),
        (b"a: b\nname: caf\xe9\n".to_vec(), "2:10: error: the byte 0xe9 is not UTF-8"),
        (b"\xff\xfea\x00".to_vec(), "1:1: error: this is UTF-16"),
        (b"a:\n\tb: c\n".to_vec(), "2:1: error: a tab in the indentation"),
        (b"a: b\n c: d\n".to_vec(), "2:3: error: this is not YAML: mapping values are not allowed"),
        (b"a: 'b\n".to_vec(), "1:4: error: this is not YAML: while scanning a quoted scalar"),
        (b"a: *b\n".to_vec(), "1:4: error: this is not YAML: while parsing node, found unknown anchor"),
        (b"a: &a [*a]\n".to_vec(), "1:8: error: this alias stands inside what it refers to"),
        (vec![b'['; 100_000], "1:256: error: this is not YAML: recursion limit exceeded"),
        ("- ".repeat(100_000).into_bytes(), "1:81: error: nested more than 40 levels deep"),
        (format!("a0: &a0 [x, x]\n{laughs}").into_bytes(), "5:"),
        (
            "a: b\n".repeat(2_000_000).into_bytes(),
            "1:1: error: this file has about 10 MB; at most 1 MB is read",
        ),
        ("a: b\n".repeat(200_000).into_bytes(), "10001:1: error: holds more than 20000 values"),
    ];
    for (bytes, expected) in cases {
        let report = report_of(&bytes);
        let shown = report.to_string();
        let first = shown.split("fabulaws-config.yml:").nth(1).unwrap_or(&shown);
        assert!(first.starts_with(expected), "expected {expected}, but: {shown}");
        assert!(!report.is_clean());
    }
}

#[test]
fn a_byte_order_mark_is_only_a_note() {
    let report = report_of(format!("\u{feff}{BASE}").as_bytes());
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.problems.len(), 1);
}

#[test]
fn a_path_that_is_no_file_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let what = |report: &Report| report.problems[0].what.clone();
    assert!(what(&report_in(dir.path(), None)).contains("--config"), "nothing there");
    assert!(what(&report_in(dir.path(), Some(dir.path()))).contains("this is a directory"));
    assert!(what(&report_in(dir.path(), Some(&dir.path().join("x.yml")))).contains("no such file"));
    assert!(what(&report_in(dir.path(), Some(Path::new("/dev/null")))).contains("not a regular file"));
    fs::write(dir.path().join("fabulaws-config.yaml"), BASE).unwrap();
    assert!(what(&report_in(dir.path(), None)).contains("fabulaws-config.yaml"), "the other ending");
}

#[test]
fn the_json_has_a_version_and_every_field() {
    let json =
        serde_json::to_value(report_of(BASE.replace("[production]", "[prodution]").as_bytes())).unwrap();
    assert_eq!(json["version"], 1);
    let problem = &json["problems"][0];
    assert_eq!(
        (&problem["severity"], &problem["line"], &problem["column"]),
        (&"error".into(), &16.into(), &27.into())
    );
    assert_eq!(problem["suggestion"], "production");
    assert!(problem["file"].as_str().unwrap().ends_with("fabulaws-config.yml"));
}

#[test]
fn preferences_beside_the_config_are_checked_with_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("fabulaws-config.yml"), BASE).unwrap();
    fs::write(dir.path().join("quarterdeck.toml"), "read_only_environments = [\"prod\"]\n").unwrap();
    let report = report_in(dir.path(), None);
    assert_eq!(report.problems.len(), 1, "{report}");
    assert_eq!(report.problems[0].suggestion.as_deref(), Some("production"));
}

#[test]
fn the_fixture_project_has_only_notes() {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project");
    let report = report_in(&project, None);
    assert!(report.is_clean(), "{report}");
    let secrets = report.problems.iter().filter(|problem| problem.what.contains("fabsecrets_")).count();
    assert!(secrets > 0, "{report}");
    assert_eq!(report.problems.len() - secrets, 2, "its two hooks: {report}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        report_of(&bytes);
    }

    #[test]
    fn text_that_looks_like_yaml_never_panics(text in "([a-z&*!<>|:?\\-,\\[\\]{}#'\"%@` \\t0-9]|\\n|\\r\\n| {2,4}|: |- |---\\n|\u{e9}){0,120}") {
        shown(&text);
        shown(&format!("{BASE}{text}"));
    }

    #[test]
    fn a_config_with_a_piece_torn_out_never_panics(start in 0..BASE.len(), length in 1..200_usize) {
        let end = (start + length).min(BASE.len());
        shown(&format!("{}{}", &BASE[..start], &BASE[end..]));
    }
}
