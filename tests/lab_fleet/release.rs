//! A release of the lab's site, as somebody else would make one: a commit, a server with it, an image of that.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::lab::within;

/// Releases of one process are a second apart: their names hold the time.
static MADE: AtomicI64 = AtomicI64::new(0);

/// Commits what a shell script changes in a clone, as the project's developer, and pushes it; gives the changeset.
pub fn commit(fleet: &Fleet, subject: &str, change: &str) -> String {
    let project = fleet.project();
    let script = format!(
        "runuser -u {project} -- env HOME=/home/{project} sh -e <<'SCRIPT'\n\
         work=$(mktemp -d); cd \"$work\"\n\
         git clone -q --no-hardlinks /home/{project}/.git-server/{project}.git . \n{change}\n\
         git add -A; git -c user.name='A Developer' -c user.email=developer@example.com commit -qm '{subject}'\n\
         git push -q origin HEAD:main; git rev-parse HEAD; rm -rf \"$work\"\nSCRIPT"
    );
    fleet.inside("worker", &script).trim().to_owned()
}

/// Makes a release of a changeset: a server from the image of what the group launches, the code on it, an image, a
/// launch configuration. Gives the configuration's name.
pub fn release(fleet: &Fleet, changeset: &str) -> String {
    let cloud = fleet.endpoint();
    let (project, group) = (fleet.project(), group(fleet));
    let like = cloud.call(
        "autoscaling",
        "describe_launch_configurations",
        &json!({ "LaunchConfigurationNames": [group["LaunchConfigurationName"]] }),
    )["LaunchConfigurations"][0]
        .clone();
    let made = cloud.call(
        "ec2",
        "run_instances",
        &json!({ "ImageId": like["ImageId"], "MinCount": 1, "MaxCount": 1, "InstanceType": like["InstanceType"],
                 "SubnetId": group["VPCZoneIdentifier"], "SecurityGroupIds": like["SecurityGroups"] }),
    );
    let builder = made["Instances"][0]["InstanceId"].as_str().unwrap().to_owned();
    within(60, "the builder runs", || (power(fleet, &builder) == "running").then_some(()));
    let code = format!("/home/{project}/www/staging/code_root");
    let script = format!(
        "cd {code} && runuser -u {project} -- env HOME=/home/{project} sh -ec \
         'git fetch -q origin && git checkout -q --force --detach {changeset}'"
    );
    fleet.lab.run("hosts", &["exec", &fleet.host_of(&builder), "sh", "-c", &script]);
    let at = jiff::Timestamp::now().as_second().max(MADE.load(Ordering::Relaxed) + 1);
    MADE.store(at, Ordering::Relaxed);
    let at = jiff::Timestamp::from_second(at).unwrap().strftime("%Y.%m.%d-%H.%M.%S").to_string();
    let image = cloud.call(
        "ec2",
        "create_image",
        &json!({ "InstanceId": builder, "Name": format!("{project}_staging_web_{at}_{changeset}") }),
    )["ImageId"]
        .as_str()
        .unwrap()
        .to_owned();
    within(60, "the image is there", || {
        let images = cloud.call("ec2", "describe_images", &json!({ "ImageIds": [image] }));
        (images["Images"][0]["State"] == "available").then_some(())
    });
    cloud.call("ec2", "terminate_instances", &json!({ "InstanceIds": [builder] }));
    let name = format!("{project}_staging_lc_{at}_{changeset}");
    cloud.call(
        "autoscaling",
        "create_launch_configuration",
        &json!({ "LaunchConfigurationName": name, "ImageId": image, "InstanceType": like["InstanceType"],
                 "SecurityGroups": like["SecurityGroups"] }),
    );
    name
}

/// The group of web servers, as AWS describes it.
pub fn group(fleet: &Fleet) -> Value {
    let name = format!("{}-staging-ag", fleet.project());
    let asked = json!({ "AutoScalingGroupNames": [name] });
    fleet.endpoint().call("autoscaling", "describe_auto_scaling_groups", &asked)["AutoScalingGroups"][0]
        .clone()
}

/// The state of an instance in EC2's words.
pub fn power(fleet: &Fleet, instance: &str) -> String {
    let found = fleet.endpoint().call("ec2", "describe_instances", &json!({ "InstanceIds": [instance] }));
    found["Reservations"][0]["Instances"][0]["State"]["Name"].as_str().unwrap_or("gone").to_owned()
}
