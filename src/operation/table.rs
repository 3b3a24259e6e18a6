//! Every operation. Help, completion, palette and tests are made from it.

use super::{
    Operation, Opt, create_release, deploy, forget_releases, processes, registration, rollback, set_sizes,
    upgrade,
};
use crate::plan::LockKind;

/// Every operation, in the order of help.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "suspend-processes",
        summary: "suspend processes of the group",
        takes: &[Opt::Processes],
        lock: LockKind::Environment,
        planner: processes::suspend,
    },
    Operation {
        name: "resume-processes",
        summary: "resume processes of the group",
        takes: &[Opt::Processes, Opt::Override],
        lock: LockKind::Environment,
        planner: processes::resume,
    },
    Operation {
        name: "set-sizes",
        summary: "set how many servers the group may have and wants",
        takes: &[Opt::Min, Opt::Desired, Opt::Max, Opt::Override],
        lock: LockKind::Environment,
        planner: set_sizes::plan,
    },
    Operation {
        name: "add-to-load-balancer",
        summary: "register web servers with the load balancers, and wait until they are in service",
        takes: &[Opt::Servers, Opt::Balancers, Opt::Override],
        lock: LockKind::Environment,
        planner: registration::add,
    },
    Operation {
        name: "remove-from-load-balancer",
        summary: "take web servers out of the load balancers, and wait until requests under way have ended",
        takes: &[Opt::Servers, Opt::Balancers, Opt::Override],
        lock: LockKind::Environment,
        planner: registration::remove,
    },
    Operation {
        name: "begin-upgrade",
        summary: "put the maintenance page up on the web servers",
        takes: &[Opt::Servers, Opt::Unhealthy],
        lock: LockKind::Environment,
        planner: upgrade::begin,
    },
    Operation {
        name: "end-upgrade",
        summary: "take the maintenance page off the web servers",
        takes: &[Opt::Servers, Opt::Override],
        lock: LockKind::Environment,
        planner: upgrade::end,
    },
    Operation {
        name: "create-release",
        summary: "make a release of a branch's head: an image, and what the group can launch; deploys nothing",
        takes: &[Opt::Branch, Opt::Changeset, Opt::Override],
        lock: LockKind::Release,
        planner: create_release::plan,
    },
    Operation {
        name: "deploy-serial",
        summary: "deploy a release without downtime: the worker, then web servers one after the other",
        takes: &[Opt::Release, Opt::Branch, Opt::Batch, Opt::NoMigrate, Opt::Override],
        lock: LockKind::Environment,
        planner: deploy::serial::plan,
    },
    Operation {
        name: "deploy-full",
        summary: "deploy a release with the maintenance page: new servers beside the old ones, then all at once",
        takes: &[Opt::Release, Opt::Branch, Opt::NoMigrate, Opt::Override],
        lock: LockKind::Environment,
        planner: deploy::full::plan,
    },
    Operation {
        name: "deploy-worker",
        summary: "deploy a release's or branch's code to the workers only, and migrate",
        takes: &[Opt::Release, Opt::Branch, Opt::NoMigrate, Opt::Override],
        lock: LockKind::Environment,
        planner: deploy::worker,
    },
    Operation {
        name: "deploy-web",
        summary: "deploy a release's or branch's code to the web servers there are, in place",
        takes: &[Opt::Release, Opt::Branch, Opt::Servers, Opt::Batch, Opt::Override],
        lock: LockKind::Environment,
        planner: deploy::in_place::plan,
    },
    Operation {
        name: "rollback",
        summary: "go back to an earlier release, one server after the other or with the maintenance page",
        takes: &[Opt::Release, Opt::Batch, Opt::Full, Opt::NoMigrate, Opt::Override],
        lock: LockKind::Environment,
        planner: rollback::plan,
    },
    Operation {
        name: "forget-releases",
        summary: "delete old releases with their images and snapshots, never one in use",
        takes: &[Opt::Keep],
        lock: LockKind::Environment,
        planner: forget_releases::plan,
    },
];
