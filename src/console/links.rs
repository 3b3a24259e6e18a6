//! Addresses of things in the AWS console.

use super::screen::{Page, Screen};
use super::state::State;
use super::table::RowId;
use crate::fleet::{GroupName, InstanceId, LoadBalancerName};

/// A thing that the AWS console has a page for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A server.
    Server(InstanceId),
    /// A group.
    Group(GroupName),
    /// A load balancer.
    LoadBalancer(LoadBalancerName),
}

/// The page of a thing in a region.
#[must_use]
pub fn link(region: &str, thing: &Thing) -> String {
    let region = escape(region);
    let host = if region.starts_with("cn-") {
        "console.amazonaws.cn"
    } else if region.starts_with("us-gov-") {
        "console.amazonaws-us-gov.com"
    } else {
        "console.aws.amazon.com"
    };
    let page = match thing {
        Thing::Server(id) => format!("InstanceDetails:instanceId={}", escape(id.as_str())),
        Thing::Group(name) => format!("AutoScalingGroupDetails:id={};view=details", escape(name.as_str())),
        Thing::LoadBalancer(name) => format!("LoadBalancers:search={}", escape(name.as_str())),
    };
    format!("https://{region}.{host}/ec2/home?region={region}#{page}")
}

/// The page of what is selected, or else of what the screen shows.
///
/// # Errors
/// Why there is none, for a message.
pub fn of_state(state: &State) -> Result<String, &'static str> {
    if state.endpoint.sandbox {
        return Err("The sandbox has no AWS console");
    }
    if state.endpoint.url.is_some() {
        return Err("This endpoint is not AWS: it has no AWS console");
    }
    let thing = thing(state).ok_or("Nothing here has a page in the AWS console")?;
    Ok(link(&state.endpoint.region, &thing))
}

fn thing(state: &State) -> Option<Thing> {
    let name = match state.subject()? {
        RowId::Server(id) => return Some(Thing::Server(id)),
        RowId::Environment(name) => name,
        RowId::Line(_) => return None,
    };
    let place = state.topology.environment(&name)?;
    let balancer = || place.load_balancers.first().cloned().map(Thing::LoadBalancer);
    let group = || place.group.clone().map(Thing::Group);
    match state.screen() {
        Screen::Environment { page: Page::LoadBalancer, .. } => balancer().or_else(group),
        _ => group().or_else(balancer),
    }
}

/// Percent-encodes all but letters, digits and `-_.~`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_thing_has_its_page_in_its_region() {
        assert_eq!(
            link("us-east-1", &Thing::Server("i-0a1".into())),
            "https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1#InstanceDetails:instanceId=i-0a1"
        );
        assert_eq!(
            link("eu-west-1", &Thing::Group("a b/c".into())),
            "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#AutoScalingGroupDetails:id=a%20b%2Fc;view=details"
        );
        assert!(link("cn-north-1", &Thing::LoadBalancer("lb".into())).contains(".console.amazonaws.cn/"));
        assert!(link("us-gov-west-1", &Thing::LoadBalancer("lb".into())).contains("amazonaws-us-gov.com/"));
    }

    #[test]
    fn a_hostile_name_cannot_leave_its_place_in_the_address() {
        let link = link("us-east-1", &Thing::Group("x\u{1b}]0;&region=evil#".into()));
        assert!(link.ends_with("id=x%1B%5D0%3B%26region%3Devil%23;view=details"), "{link}");
    }
}
