//! The one table of questions, in the order in which they are asked. A question is one row.

mod aws;
mod code;
mod people;
mod places;
mod servers;

use super::question::Question;

/// Every question.
pub const QUESTIONS: &[Question] = &[
    code::PROJECT,
    code::REPO,
    code::REQUIREMENTS,
    code::WSGI,
    code::SETTINGS,
    code::CELERY,
    code::TASKS,
    places::ENVIRONMENTS,
    places::PRODUCTION,
    places::BRANCH,
    places::DOMAINS,
    aws::REGION,
    aws::DEPLOYMENT,
    aws::PREFIX,
    aws::ZONES,
    aws::VPC,
    aws::SUBNET,
    aws::IMAGE,
    aws::ADDRESS,
    servers::REPLICA,
    servers::SIZE,
    servers::OTHERS,
    servers::DISK,
    servers::STATIC,
    people::DEPLOY_USER,
    people::PERSON,
    people::KEY,
    people::SECRET_NAMES,
    people::SECRETS_HOW,
    people::SECRETS_COMMAND,
    people::SECRET,
];

/// A path of the config.
fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}
