//! New passwords where services know them: `PostgreSQL`'s roles, the way of a replica to its primary, RabbitMQ's user.
//! Passwords are in variables; what they were before is kept on the server as it stood there, under a note.

use super::{Part, part, script};
use crate::fleet::Layout;
use crate::recipe::script::Script;

/// `PostgreSQL`'s roles, of the application and of replicas, get the password in `database_password`.
#[must_use]
pub fn roles(layout: &Layout, note: &str) -> Part {
    let title = "give the roles of PostgreSQL the new password";
    let begun = |title| {
        script("password", title)
            .told("database_user", &layout.database_user)
            .told("note", note)
            .then(include_str!("scripts/roles.sh"))
    };
    let there = begun(title).then(include_str!("scripts/roles_rotate.sh"));
    let back = begun("give them the old one").then(include_str!("scripts/roles_back.sh"));
    Part {
        secrets: &["database_password"],
        back: Some(back.text()),
        ..part("roles", title, there.text(), 300)
    }
}

/// Sees that `PostgreSQL` lets the application in with the password in `database_password`. Changes nothing.
#[must_use]
pub fn database_takes(layout: &Layout) -> Part {
    let title = "see that PostgreSQL lets the application in with the project's password";
    let script = script("password", title)
        .told("database_user", &layout.database_user)
        .then(include_str!("scripts/roles.sh"))
        .then(include_str!("scripts/roles_try.sh"));
    Part { secrets: &["database_password"], ..part("try", title, script.text(), 120) }
}

/// Sees that RabbitMQ lets the application in with the password in `broker_password`. Changes nothing.
#[must_use]
pub fn broker_takes(layout: &Layout) -> Part {
    let title = "see that RabbitMQ lets the application in with the project's password";
    let script = script("password", title)
        .told("user", &layout.deploy_user)
        .then(include_str!("scripts/broker.sh"))
        .then(include_str!("scripts/broker_try.sh"));
    Part { secrets: &["broker_password"], ..part("try", title, script.text(), 300) }
}

/// A replica streams, by the role whose password changes, and is not behind.
#[must_use]
pub fn streams(layout: &Layout, note: &str) -> Part {
    let title = "see that the replica streams and is not behind";
    let script = follower(title, layout, note).then(include_str!("scripts/follower_check.sh"));
    part("streams", title, script.text(), 300)
}

fn follower(title: &str, layout: &Layout, note: &str) -> Script {
    script("password", title)
        .told("database_user", &layout.database_user)
        .told("note", note)
        .then(include_str!("scripts/follower.sh"))
}

/// A replica streams with the password in `database_password`.
#[must_use]
pub fn follows(layout: &Layout, note: &str) -> Part {
    let title = "let the replica stream with the new password";
    let there = follower(title, layout, note).then(include_str!("scripts/follower_rotate.sh"));
    let back = follower("give it the old one", layout, note).then(include_str!("scripts/follower_back.sh"));
    Part {
        secrets: &["database_password"],
        back: Some(back.text()),
        ..part("stream", title, there.text(), 600)
    }
}

/// What a database kept of its old passwords goes.
#[must_use]
pub fn forget(note: &str) -> Part {
    let title = "forget what was kept of the old passwords";
    let script = script("forget", title).told("note", note).then(include_str!("scripts/kept_forget.sh"));
    part("forget", title, script.text(), 120)
}

/// RabbitMQ's user gets the password in `broker_password`; the way back is told the old one in the same variable.
#[must_use]
pub fn broker(layout: &Layout) -> Part {
    let title = "give the user of RabbitMQ the new password";
    let of = |title| {
        script("password", title)
            .told("user", &layout.deploy_user)
            .then(include_str!("scripts/broker.sh"))
            .then(include_str!("scripts/broker_rotate.sh"))
            .text()
    };
    Part {
        secrets: &["broker_password"],
        back: Some(of("give it the old one")),
        ..part("broker", title, of(title), 300)
    }
}
