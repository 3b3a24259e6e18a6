//! What loading promises.

use std::path::Path;

use super::*;
use crate::fleet::Role;

fn project(text: &str) -> (Option<Project>, Vec<Problem>) {
    let mut problems = Problems::of(Path::new("c.yml"));
    let project = parse_project(text, &mut problems);
    (project, problems.into_sorted())
}

fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn fixture() -> Loaded {
    load(None, &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project"))
}

#[test]
fn a_real_project_loads_without_a_single_problem() {
    let loaded = fixture();
    assert_eq!(shown(&loaded.problems), Vec::<String>::new());
    let project = loaded.project.unwrap();
    assert!(project.instances.run_upgrade && !project.instances.fs_encrypt && project.instances.ebs_encrypt);
    assert_eq!(project.root("staging"), "/home/myproject/www/staging");
    assert_eq!(project.database_name("staging"), "myproject_staging");
    assert_eq!(project.names.upgrade_message.as_deref(), Some("deployment/templates/html/503.html"));
    assert_eq!(project.servers.database.disable_oom, Some(true));
}

#[test]
fn the_topology_of_a_real_project_names_what_exists_in_aws() {
    let topology = fixture().project.unwrap().topology(None).unwrap();
    assert_eq!((topology.deployment.as_str(), topology.region.as_str()), ("myproject", "us-east-1"));
    let names: Vec<_> = topology.environments.iter().map(|e| (e.name.as_str(), e.production)).collect();
    assert_eq!(names, [("testing", false), ("staging", false), ("production", true)]);
    let production = &topology.environments[2];
    assert_eq!(production.group.as_ref().unwrap().as_str(), "myproject-production-ag");
    assert_eq!(production.load_balancers[0].as_str(), "myproject-production-lb");
    assert_eq!(production.domains[0], "www.myproject.example.com");
    assert_eq!(production.branch.as_deref(), Some("main"));
    assert_eq!(production.web.instance_type.as_deref(), Some("c5.large"));
    assert_eq!(production.web.security_groups, ["myproject-sg", "myproject-web-sg"]);
    assert!(production.web.subnets.is_empty(), "the project lives in the default VPC");
}

#[test]
fn data_volumes_are_those_of_environment_and_role() {
    let topology = fixture().project.unwrap().topology(None).unwrap();
    let of = |environment: usize, role: Role| topology.environments[environment].build.role(&role);
    let (staging, production) = (of(1, Role::DbPrimary), of(2, Role::DbPrimary));
    assert_eq!((staging.volume_gb, production.volume_gb), (Some(20), Some(100)));
    assert_eq!(production.volume_type.as_deref(), Some("gp3"));
    let build = &topology.environments[1].build;
    assert_eq!((build.volume_root.as_deref(), build.fs_type.as_deref()), (Some("/srv/app"), Some("ext4")));
    assert!(build.ebs_encrypt && !build.fs_encrypt);
    let old = "deployments: [shop]\nenvironments: [staging]\ninstance_settings: {secure_root: /secure/}\n\
               volume_types: {staging: {cache: gp2}, cache: gp3, worker: gp3}\n";
    let topology = project(old).0.unwrap().topology(None).unwrap();
    let build = &topology.environments[0].build;
    assert_eq!(build.volume_root.as_deref(), Some("/secure"));
    assert_eq!(build.role(&Role::Cache).volume_type.as_deref(), Some("gp2"));
    assert_eq!(build.role(&Role::Worker).volume_type.as_deref(), Some("gp3"));
}

#[test]
fn distributions_are_those_of_the_deployment_and_the_environment_one_or_several() {
    let text = "deployments: [shop, other]\nenvironments: [testing, staging, production]\n\
                cloudfront_distribution_ids:\n  shop:\n    production: [E1, E2]\n    staging: E3\n  other:\n    testing: E4\n";
    let topology = project(text).0.unwrap().topology(Some("shop")).unwrap();
    let ids: Vec<Vec<&str>> = topology
        .environments
        .iter()
        .map(|place| place.distributions.iter().map(crate::fleet::DistributionId::as_str).collect())
        .collect();
    assert_eq!(ids, [vec![], vec!["E3"], vec!["E1", "E2"]]);
}

#[test]
fn names_that_would_command_the_terminal_are_errors_with_their_places_and_are_tamed() {
    let text = r#"deployments: ["d\e[2Jx"]
region: "us\u202e"
environments: ["e\e]0;n\a"]
site_domains_map: {"e·]0;n·": ["a\n.b"]}
load_balancers: {"e·]0;n·": ["l\rb"]}
auto_scaling_groups: {"e·]0;n·": "g\u200b"}
"#;
    let (project, problems) = project(text);
    let errors: Vec<usize> =
        problems.iter().filter(|p| p.severity == ProblemSeverity::Error).map(|p| p.line).collect();
    assert_eq!(errors, [1, 2, 3, 4, 5, 6], "{problems:#?}");
    assert!(problems[0].what.starts_with("the name `d·[2Jx` has control"), "{}", problems[0]);
    let topology = project.unwrap().topology(None).unwrap();
    assert_eq!((topology.deployment.as_str(), topology.region.as_str()), ("d·[2Jx", "us·"));
    let place = &topology.environments[0];
    assert_eq!((place.name.as_str(), place.domains[0].as_str()), ("e·]0;n·", "a·.b"));
    assert_eq!(place.load_balancers[0].as_str(), "l·b");
    assert_eq!(place.group.as_ref().unwrap().as_str(), "g·");
}

#[test]
fn an_unknown_deployment_is_refused_with_the_nearest_one() {
    let problem = fixture().project.unwrap().topology(Some("myprojct")).unwrap_err();
    assert!(problem.to_string().contains("no deployment `myprojct`; the config has myproject"), "{problem}");
    assert_eq!(problem.suggestion.as_deref(), Some("myproject"));
}

#[test]
fn a_default_deployment_that_is_not_listed_is_refused_unless_one_is_named() {
    let text = "environments: [a]\ndeployments: [shop]\ndefault_deployment: shpo\n";
    let project = project(text).0.unwrap();
    let problem = project.topology(None).unwrap_err();
    assert_eq!((problem.line, problem.suggestion.as_deref()), (3, Some("shop")));
    assert_eq!(project.topology(Some("shop")).unwrap().deployment.as_str(), "shop");
}

#[test]
fn a_misspelt_production_environment_is_still_protected() {
    let (project, _) = project("environments: [staging, production]\nproduction_environments: [prodution]\n");
    let project = project.unwrap();
    assert!(project.is_production("production"));
    assert!(!project.is_production("staging"));
}

#[test]
fn values_are_looked_up_by_both_then_environment_then_role_and_old_role_names_are_the_same() {
    let text =
        "instance_types:\n  production: {web: a, db-master: b}\n  staging: c\n  web: d\n  db-slave: e\n";
    let types = project(text).0.unwrap().aws.instance_types;
    let find = |environment, role| types.find(environment, role).map(|found| found.value.clone());
    assert_eq!(find("production", "web").as_deref(), Some("a"));
    assert_eq!(find("production", "db-primary").as_deref(), Some("b"));
    assert_eq!(find("production", "db-replica").as_deref(), Some("e"));
    assert_eq!(find("staging", "web").as_deref(), Some("c"));
    assert_eq!(find("testing", "web").as_deref(), Some("d"));
    assert_eq!(find("testing", "cache"), None);
}

#[test]
fn a_wrong_value_is_reported_and_left_at_its_default() {
    let (project, problems) =
        project("pgbouncer_port: [1]\ndeployments: web\ninstance_settings:\n  run_upgrade: 'no'\n");
    assert_eq!(project.unwrap().servers.pgbouncer_port, None);
    let expected = [
        "c.yml:1:17: error: `pgbouncer_port` wants a port from 1 to 65535, not a list; the default is used",
        "c.yml:2:14: warning: a list is wanted here, so write `[web]`; FabulAWS takes this apart letter by letter",
        "c.yml:4:16: error: `instance_settings.run_upgrade` wants true or false without quotes, not text; the \
         default is used",
    ];
    assert_eq!(shown(&problems), expected);
}

#[test]
fn r22_subnets_are_found_by_zone_letter_and_by_full_name() {
    let text = "region: us-east-1\nsubnets: {a: subnet-1, us-east-1c: subnet-2}\n";
    let project = project(text).0.unwrap();
    assert_eq!(project.subnet("us-east-1a"), Some("subnet-1"));
    assert_eq!(project.subnet("c"), Some("subnet-2"));
    assert_eq!(project.subnet("e"), None);
}

#[test]
fn r22_a_web_server_goes_into_the_subnets_of_its_zones_however_they_are_keyed() {
    let head = "deployments: [shop]\nenvironments: [staging]\nregion: us-east-1\navail_zones: [c, a]\n";
    for keys in [
        "a: subnet-1, c: subnet-2",
        "us-east-1a: subnet-1, us-east-1c: subnet-2",
        "us-east-1c: subnet-2, a: subnet-1",
    ] {
        let text = format!("{head}subnets: {{{keys}, us-east-1e: subnet-3}}\n");
        let topology = project(&text).0.unwrap().topology(None).unwrap();
        assert_eq!(topology.environments[0].web.subnets, ["subnet-2", "subnet-1"], "{keys}");
    }
}
