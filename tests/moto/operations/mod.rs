//! Every operation whole: real planner, engine and journal, the lock in Parameter Store, and what it has done as another
//! client of the cloud sees it. Deploys with everything that can go wrong are in `deploying`.

mod balancers;
mod boots;
mod caches;
mod certificates;
mod code;
mod copies;
mod environment;
mod leaving;
mod pages;
mod primary;
mod processes;
mod refusals;
mod releases;
mod replicas;
mod secrets;
mod servers;
mod sizes;
mod upkeep;

use std::collections::BTreeSet;
use std::process::Command;

use quarterdeck::engine::RunId;
use quarterdeck::engine::run::NotBegun;
use quarterdeck::engine::store::RunState;
use quarterdeck::operation::{self, OPERATIONS, Options};
use serde_json::{Value, json};

use crate::deploying::{Site, ended};

/// The tests that run each operation whole on this cloud.
const RUN: &[(&str, &[&str])] = &[
    (
        "suspend-processes",
        &["operations::processes::all_or_some_are_suspended_and_undo_leaves_those_of_somebody_else"],
    ),
    ("resume-processes", &["operations::processes::all_or_some_are_resumed_and_undo_suspends_them_again"]),
    ("set-sizes", &["operations::sizes::a_group_grows_and_undo_gives_it_the_sizes_it_had"]),
    ("add-to-load-balancer", &["operations::balancers::servers_come_back_to_both_load_balancers"]),
    (
        "remove-from-load-balancer",
        &["operations::balancers::servers_leave_both_load_balancers_or_the_one_that_is_named"],
    ),
    (
        "replace-certificate",
        &["operations::certificates::the_load_balancer_serves_another_certificate_and_undo_the_one_before"],
    ),
    (
        "begin-upgrade",
        &[
            "operations::pages::the_page_goes_up_and_undo_takes_it_off",
            "operations::pages::r1_r4_unhealthy_pages_are_for_one_server_that_is_out_or_a_group_that_is_held",
        ],
    ),
    ("end-upgrade", &["operations::pages::the_page_comes_off_and_undo_puts_it_up"]),
    (
        "create-release",
        &["operations::releases::a_release_is_made_and_undo_leaves_neither_image_nor_snapshot"],
    ),
    (
        "deploy-serial",
        &["deploying::runs::a_serial_deploy_replaces_every_server_and_leaves_the_rest_as_it_was"],
    ),
    (
        "deploy-full",
        &[
            "deploying::runs::a_full_deploy_with_a_launch_template_replaces_every_server_and_leaves_the_rest_as_it_was",
        ],
    ),
    ("deploy-worker", &["operations::code::workers_get_new_code_and_the_cloud_stays_as_it_was"]),
    (
        "deploy-web",
        &["operations::code::web_servers_get_new_code_one_after_the_other_each_out_of_service_meanwhile"],
    ),
    (
        "rollback",
        &[
            "operations::code::a_rollback_goes_back_server_by_server",
            "operations::code::a_full_rollback_goes_back_at_once",
        ],
    ),
    (
        "forget-releases",
        &[
            "operations::releases::old_releases_go_with_their_images_and_snapshots_and_none_in_use",
            "operations::releases::old_versions_of_a_launch_template_go_in_the_same_way",
        ],
    ),
    (
        "new-server",
        &[
            "operations::servers::a_cache_is_built_and_in_use_and_its_secret_is_nowhere",
            "operations::servers::a_server_that_cannot_be_finished_leaves_nothing",
        ],
    ),
    (
        "create-foundation",
        &[
            "founding::on_an_empty_account_everything_is_made_once_more_that_is_open_is_told_and_undone_nothing_is_left",
        ],
    ),
    (
        "create-environment",
        &[
            "operations::environment::from_nothing_every_role_is_made_and_the_group_launches_the_first_release",
        ],
    ),
    (
        "recreate-environment",
        &[
            "operations::environment::every_server_is_made_anew_and_the_group_launches_a_release_that_knows_the_new_ones",
        ],
    ),
    (
        "update-people",
        &["operations::upkeep::every_server_gets_the_people_of_the_project_and_the_cloud_stays_as_it_was"],
    ),
    (
        "upgrade-packages",
        &["operations::upkeep::packages_come_to_one_server_after_the_other_the_primary_last"],
    ),
    ("restart-celery", &["operations::upkeep::celery_stops_and_starts_on_the_worker_alone"]),
    ("reboot-server", &["operations::boots::a_web_server_boots_out_of_service_and_is_in_service_again"]),
    ("reboot-environment", &["operations::boots::every_server_boots_and_the_cloud_is_as_it_was"]),
    (
        "promote-replica",
        &[
            "operations::primary::a_replica_becomes_the_primary_and_the_group_launches_nothing_more",
            "operations::primary::r11_a_primary_that_does_not_answer_is_stopped_by_ec2_first",
        ],
    ),
    (
        "replace-cache-server",
        &[
            "operations::caches::r18_a_cache_server_that_works_is_replaced_and_what_it_holds_goes_over_first",
            "operations::caches::r1_one_that_ec2_has_stopped_is_replaced_behind_the_page_and_nobody_asks_it",
        ],
    ),
    (
        "resync-replica",
        &[
            "operations::replicas::a_broken_replica_is_copied_anew_and_the_cloud_stays_as_it_was",
            "operations::replicas::r12_a_copy_that_breaks_off_leaves_the_old_data_and_the_group_as_they_were",
        ],
    ),
    ("leave-replicas", &["operations::replicas::the_environment_runs_on_its_primary_alone_and_back"]),
    ("use-replicas", &["operations::replicas::the_environment_runs_on_its_primary_alone_and_back"]),
    (
        "backup-database",
        &["operations::copies::a_backup_is_taken_on_the_replica_and_the_cloud_stays_as_it_was"],
    ),
    (
        "restore-database",
        &[
            "operations::copies::a_backup_takes_the_place_of_the_database_behind_the_page_and_the_group_goes_on",
        ],
    ),
    (
        "reload-data",
        &[
            "operations::copies::r14_data_of_production_come_to_staging_and_nothing_runs_before_they_are_harmless",
        ],
    ),
    (
        "unlock-and-mount",
        &["operations::upkeep::r10_volumes_are_opened_primary_and_cache_first_and_the_cloud_stays_as_it_was"],
    ),
    (
        "rotate-secret",
        &[
            "operations::secrets::a_password_is_rotated_on_every_server_and_the_group_launches_a_release_that_has_it",
        ],
    ),
    (
        "push-secrets",
        &["operations::secrets::secrets_come_to_every_server_and_no_service_gets_a_new_password"],
    ),
    (
        "terminate-server",
        &["operations::leaving::a_replica_goes_with_an_image_of_its_disks_and_nothing_else_does"],
    ),
    (
        "terminate-environment",
        &["operations::leaving::an_environment_goes_to_its_last_server_and_images_of_its_databases_stay"],
    ),
];

#[test]
fn every_operation_is_run_whole_here() {
    let listed =
        Command::new(std::env::current_exe().unwrap()).args(["--list", "--format", "terse"]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let known: BTreeSet<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    for operation in OPERATIONS {
        let row = RUN.iter().find(|(name, _)| *name == operation.name);
        let (_, tests) = row.unwrap_or_else(|| panic!("nothing runs {} on this cloud", operation.name));
        assert!(!tests.is_empty() && tests.iter().all(|test| known.contains(test)), "{tests:?}");
    }
}

/// What is asked for, as on the command line: `set-sizes --min 0`.
fn asked(line: &str) -> (&'static str, Options) {
    let mut words = line.split(' ');
    let operation = operation::find(words.next().unwrap()).unwrap();
    let mut options = Options::default();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let opt = operation.option(word.trim_start_matches("--")).unwrap();
        let value = words.next_if(|next| !next.starts_with("--")).unwrap_or_default();
        options.set(opt, value).unwrap();
    }
    (operation.name, options)
}

impl Site {
    /// Plans and runs it to its good end; nothing is left, and the lock is free.
    fn apply(&self, line: &str) -> RunId {
        let (id, state) = self.run(line);
        assert_eq!(state, RunState::Done, "{line}");
        id
    }

    fn run(&self, line: &str) -> (RunId, RunState) {
        let (operation, options) = asked(line);
        let (id, state) = self.live(async |life| {
            let started = life.begin_with(operation, &options).await;
            let id = started.id.clone();
            let (state, story) = ended(started).await;
            assert!(story.left().is_empty(), "{line}: {:?}", story.left());
            if let Some((step, why)) = story.failure() {
                println!("{line}: step {} of {}, {}: {why}", step.id, step.lane, step.title);
            }
            assert_eq!(state == RunState::Done, story.failure().is_none(), "{line}: {:?}", story.failure());
            (id, state)
        });
        self.assert_free();
        (id, state)
    }

    /// Takes a run back.
    fn undo(&self, id: &RunId) {
        self.live(async |life| {
            let (_, story) = ended(life.take_up(id, true).await.unwrap()).await;
            assert!(story.left().is_empty(), "{:?}", story.left());
        });
        self.assert_free();
    }

    /// Why a run is not taken back.
    fn not_undone(&self, id: &RunId) -> NotBegun {
        self.live(async |life| life.take_up(id, true).await.expect_err("it stays"))
    }

    fn refused(&self, line: &str) -> String {
        let (operation, options) = asked(line);
        self.live(async |life| life.plan(operation, &options).await.expect_err(line))
    }

    /// That every lock was given back, and nothing lies beside one.
    fn assert_free(&self) {
        let asked = json!({ "Path": "/quarterdeck/", "Recursive": true });
        let notes = self.wire.call("ssm", "get_parameters_by_path", &asked)["Parameters"].clone();
        let notes = notes.as_array().unwrap();
        assert!(!notes.is_empty(), "there was a lock");
        for note in notes {
            let told: Value = serde_json::from_str(note["Value"].as_str().unwrap()).unwrap();
            assert!(!told["released"].is_null(), "{note}");
        }
    }

    fn name(&self, what: &str) -> &str {
        self.staging[what].as_str().unwrap()
    }

    /// The servers of a role as the environment began, in their order.
    fn servers(&self, role: &str) -> Vec<String> {
        let mut ids = strings(&self.staging["servers"][role], |one| one);
        ids.sort();
        ids
    }

    /// The group as Auto Scaling tells of it.
    fn told_group(&self) -> Value {
        let asked = json!({ "AutoScalingGroupNames": [self.name("group")] });
        self.wire.call("autoscaling", "describe_auto_scaling_groups", &asked)["AutoScalingGroups"][0].clone()
    }

    /// Instances that are there, in their order.
    fn there(&self) -> Vec<String> {
        let asked =
            json!({ "Filters": [{ "Name": "instance-state-name", "Values": ["pending", "running"] }] });
        let told = self.wire.call("ec2", "describe_instances", &asked);
        let reservations = told["Reservations"].as_array().unwrap().iter();
        let mut ids: Vec<String> = reservations
            .flat_map(|one| strings(&one["Instances"], |instance| &instance["InstanceId"]))
            .collect();
        ids.sort();
        ids
    }

    /// Servers that a load balancer has in service, in their order.
    fn in_service(&self, balancer: &str) -> Vec<String> {
        let told =
            self.wire.call("elb", "describe_instance_health", &json!({ "LoadBalancerName": balancer }));
        let states = told["InstanceStates"].as_array().unwrap().iter();
        let serving = states.filter(|state| state["State"] == "InService");
        let mut ids: Vec<String> =
            serving.map(|state| state["InstanceId"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    /// What a change made, as somebody else: an answer that nobody looks at.
    fn change(&self, service: &str, operation: &str, arguments: &Value) {
        self.wire.call(service, operation, arguments);
    }
}

/// A text of each item of a list.
fn strings(list: &Value, of: impl Fn(&Value) -> &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| of(one).as_str().unwrap().to_owned()).collect()
}
