//! EC2: instances, images and versions of launch templates.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, LaunchTemplateVersion, Reservation};

use super::{AwsCloud, translate};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{
    DeploymentName, Image, ImageId, InstanceId, LaunchSettings, LaunchSource, Server, Source,
};

/// The most instances or images EC2 puts in one answer.
const PAGE: i32 = 1000;
/// The most template versions EC2 puts in one answer.
const VERSIONS_PAGE: i32 = 200;
/// The most values EC2 takes in one filter.
const FILTER_VALUES: usize = 200;
const TEMPLATE_VERSIONS: &str = "ec2:DescribeLaunchTemplateVersions";

/// `DescribeInstances` with a filter on the tag `deployment`, so that foreign instances are never sent.
pub async fn servers(cloud: &AwsCloud, deployment: &DeploymentName) -> Answer<Vec<Server>> {
    let filter = filter("tag:deployment", [deployment.as_str()]);
    let mut servers = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(Source::Ec2DescribeInstances.action(), deployment.as_str());
        let request = cloud.clients().ec2.describe_instances().filters(filter.clone()).max_results(PAGE);
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        let instances = page.reservations().iter().flat_map(Reservation::instances);
        servers.extend(instances.filter_map(translate::server));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(servers);
        }
        token = next;
    }
}

/// `DescribeImages` with a filter on the ids: with plain ids one missing image fails the whole request.
pub async fn images(cloud: &AwsCloud, ids: &[ImageId]) -> Answer<Vec<Image>> {
    let wanted: BTreeSet<&str> =
        ids.iter().map(ImageId::as_str).filter(|id| id.starts_with("ami-")).collect();
    let wanted: Vec<&str> = wanted.into_iter().collect();
    let mut images = Vec::new();
    for some in wanted.chunks(FILTER_VALUES) {
        let call = cloud.call(Source::Ec2DescribeImages.action(), &format!("{} images", some.len()));
        let request = cloud.clients().ec2.describe_images().filters(filter("image-id", some.iter().copied()));
        let found = request.include_deprecated(true).send().await.map_err(|e| call.fail(e))?;
        images.extend(found.images().iter().filter_map(translate::image));
    }
    Ok(images)
}

/// `DescribeImages` of the account's own whose names begin so, pending and failed ones among them.
pub async fn images_named(cloud: &AwsCloud, prefix: &str) -> Answer<Vec<Image>> {
    let beginning = Filter::builder().name("name").values(format!("{}*", exactly(prefix))).build();
    let mut images = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(Source::Ec2DescribeImages.action(), &format!("images named {prefix}…"));
        let request = cloud.clients().ec2.describe_images().owners("self").filters(beginning.clone());
        let request = request.include_deprecated(true).max_results(PAGE).set_next_token(token.clone());
        let page = request.send().await.map_err(|e| call.fail(e))?;
        images.extend(page.images().iter().filter_map(translate::image));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            images.sort_by(|a: &Image, b: &Image| a.name.cmp(&b.name));
            return Ok(images);
        }
        token = next;
    }
}

/// The end of what a console is read for.
const KEYS_END: &str = "-----END SSH HOST KEY KEYS-----";

/// `GetConsoleOutput`: what was kept of the last boot. That may end before the host keys: then what stands there now,
/// which only newer instance types tell.
pub async fn console_output(cloud: &AwsCloud, instance: &InstanceId) -> Answer<Option<String>> {
    let kept = console(cloud, instance, false).await?;
    if kept.as_ref().is_some_and(|text| text.contains(KEYS_END)) {
        return Ok(kept);
    }
    match console(cloud, instance, true).await {
        Err(CloudError::Refused(_)) => Ok(kept),
        found => Ok(found?.or(kept)),
    }
}

async fn console(cloud: &AwsCloud, instance: &InstanceId, latest: bool) -> Answer<Option<String>> {
    let call = cloud.call(Source::Ec2ConsoleOutput.action(), instance.as_str());
    let request = cloud.clients().ec2.get_console_output().instance_id(instance.as_str());
    let request = if latest { request.latest(true) } else { request };
    let found = request.send().await.map_err(|e| call.fail(e))?;
    let Some(coded) = found.output.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    // Long answers are broken into lines.
    let coded: String = coded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = aws_smithy_types::base64::decode(coded).map_err(|_| {
        CloudError::Other(format!(
            "The console output of {instance} is not the base64 that {} promises",
            Source::Ec2ConsoleOutput.action()
        ))
    })?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()).filter(|text| !text.trim().is_empty()))
}

/// `DescribeLaunchTemplateVersions`, once per template, for all its versions that are asked about.
pub async fn template_versions(cloud: &AwsCloud, sources: &[LaunchSource]) -> Answer<Vec<LaunchSettings>> {
    let mut by_template: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        if let LaunchSource::Template { id, name, version } = source {
            by_template.entry((id, name)).or_default().insert(version);
        }
    }
    let mut settings = Vec::new();
    for ((id, name), versions) in by_template {
        let found = match some_versions(cloud, id, name, &versions).await {
            // One missing version fails the request for all of them: then ask for whatever there is.
            Err(CloudError::Absent(_)) => match some_versions(cloud, id, name, &BTreeSet::new()).await {
                Err(CloudError::Absent(_)) => continue,
                found => found?,
            },
            found => found?,
        };
        let asked = versions.iter().map(|version| LaunchSource::Template {
            id: id.to_owned(),
            name: name.to_owned(),
            version: (*version).to_owned(),
        });
        settings.extend(asked.filter_map(|source| translate::template_version(source, &found)));
    }
    Ok(settings)
}

/// These versions of a template, or all of them when none is named.
pub async fn some_versions(
    cloud: &AwsCloud,
    id: &str,
    name: &str,
    versions: &BTreeSet<&str>,
) -> Answer<Vec<LaunchTemplateVersion>> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let call = cloud
            .call(TEMPLATE_VERSIONS, &format!("launch template {}", if name.is_empty() { id } else { name }));
        let mut request =
            cloud.clients().ec2.describe_launch_template_versions().set_next_token(token.clone());
        request =
            if id.is_empty() { request.launch_template_name(name) } else { request.launch_template_id(id) };
        request = if versions.is_empty() {
            request.max_results(VERSIONS_PAGE)
        } else {
            request.set_versions(Some(versions.iter().map(|v| (*v).to_owned()).collect()))
        };
        let page = request.send().await.map_err(|e| call.fail(e))?;
        found.extend(page.launch_template_versions.unwrap_or_default());
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(found);
        }
        token = next;
    }
}

/// A filter for exactly these values.
pub fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(exactly).collect())).build()
}

/// EC2 would read `*` and `?` in a filter's value as wildcards.
fn exactly(value: &str) -> String {
    value.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_with_wildcards_in_its_name_asks_for_itself_only() {
        assert_eq!(filter("tag:deployment", ["a*b?\\"]).values(), ["a\\*b\\?\\\\"]);
    }
}
