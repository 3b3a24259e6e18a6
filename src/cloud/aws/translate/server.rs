//! An EC2 instance as a server.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Instance, InstanceType};

use super::{text, text_or_unknown, time};
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, GroupName, ImageId, InstanceId, Power, RoleTag, Server, Zone};

/// The tag Auto Scaling puts on what it launches.
const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// The server that an instance is; none when it has no id.
pub fn server(instance: &Instance) -> Option<Server> {
    let id = text(instance.instance_id())?;
    let mut tags = BTreeMap::new();
    for tag in instance.tags() {
        if let Some(key) = text(tag.key()) {
            tags.entry(key).or_insert_with(|| one_line(tag.value().unwrap_or_default()));
        }
    }
    let tag = |key: &str| text(tags.get(key).map(String::as_str));
    let power = instance.state().and_then(|s| s.name()).map_or(Power::Unknown, |n| Power::parse(n.as_str()));
    Some(Server {
        id: InstanceId::new(id),
        name: tag("Name"),
        environment: tag("environment").map(EnvironmentName::new),
        role: RoleTag::parse(tag("role").as_deref().unwrap_or_default()),
        power,
        power_reason: text(instance.state_reason().and_then(|r| r.message()))
            .or_else(|| text(instance.state_transition_reason())),
        zone: Zone::new(text_or_unknown(instance.placement().and_then(|p| p.availability_zone()))),
        instance_type: text_or_unknown(instance.instance_type().map(InstanceType::as_str)),
        image: ImageId::new(text_or_unknown(instance.image_id())),
        launched_at: time(instance.launch_time()),
        private_address: text(instance.private_ip_address()),
        public_address: text(instance.public_ip_address()),
        private_dns: text(instance.private_dns_name()),
        public_dns: text(instance.public_dns_name()),
        vpc: text(instance.vpc_id()),
        subnet: text(instance.subnet_id()),
        key_name: text(instance.key_name()),
        instance_profile: text(instance.iam_instance_profile().and_then(|p| p.arn())),
        security_groups: instance
            .security_groups()
            .iter()
            .filter_map(|g| text(g.group_name()).or_else(|| text(g.group_id())))
            .collect(),
        // In the same order: a group that has neither is in neither list.
        security_group_ids: instance
            .security_groups()
            .iter()
            .filter_map(|g| text(g.group_id()).or_else(|| text(g.group_name())))
            .collect(),
        volumes: instance
            .block_device_mappings()
            .iter()
            .filter_map(|m| Some((text(m.device_name())?, text(m.ebs()?.volume_id())?)))
            .collect(),
        group: tag(GROUP_TAG).map(GroupName::new),
        tags,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{
        EbsInstanceBlockDevice, GroupIdentifier, InstanceBlockDeviceMapping, InstanceState,
        InstanceStateName, Placement, Tag,
    };
    use proptest::prelude::*;

    use super::*;
    use crate::fleet::text::{MAX_CHARS, is_printable};
    use crate::fleet::{Role, Standing};

    fn tag(key: &str, value: &str) -> Tag {
        Tag::builder().key(key).value(value).build()
    }

    fn tagged(tags: Vec<Tag>) -> Instance {
        Instance::builder().instance_id("i-0a11").set_tags(Some(tags)).build()
    }

    #[test]
    fn a_fabulaws_instance_becomes_a_server_with_all_it_says() {
        let instance = Instance::builder()
            .instance_id("i-0a11")
            .instance_type("c5.large".into())
            .image_id("ami-1")
            .state(InstanceState::builder().name(InstanceStateName::Running).build())
            .placement(Placement::builder().availability_zone("us-east-1c").build())
            .private_ip_address("10.0.1.12")
            .public_dns_name("")
            .launch_time(aws_smithy_types::DateTime::from_secs(1_800_000_000))
            .security_groups(GroupIdentifier::builder().group_name("shop-web-sg").group_id("sg-1").build())
            .block_device_mappings(
                InstanceBlockDeviceMapping::builder()
                    .device_name("/dev/sdf")
                    .ebs(EbsInstanceBlockDevice::builder().volume_id("vol-1").build())
                    .build(),
            )
            .tags(tag("deployment", "shop"))
            .tags(tag("environment", "production"))
            .tags(tag("role", "web-PENDING"))
            .tags(tag("Name", "shop_production_web"))
            .tags(tag(GROUP_TAG, "shop-production-ag"))
            .build();
        let server = server(&instance).unwrap();
        assert_eq!(server.environment.unwrap().as_str(), "production");
        assert_eq!((server.role.role, server.role.standing), (Role::Web, Standing::Pending));
        assert_eq!(server.name.as_deref(), Some("shop_production_web"));
        assert_eq!(server.group.unwrap().as_str(), "shop-production-ag");
        assert_eq!((server.power, server.zone.short()), (Power::Running, "1c"));
        assert_eq!((server.public_dns, server.private_address.as_deref()), (None, Some("10.0.1.12")));
        assert_eq!(server.launched_at.unwrap().as_second(), 1_800_000_000);
        assert_eq!(server.security_groups, ["shop-web-sg"]);
        assert_eq!(server.security_group_ids, ["sg-1"]);
        assert_eq!(server.volumes["/dev/sdf"], "vol-1");
    }

    #[test]
    fn an_instance_without_anything_but_an_id_is_still_a_server() {
        let server = server(&tagged(vec![])).unwrap();
        assert_eq!((server.name, server.environment, server.group), (None, None, None));
        assert_eq!((server.role.role, server.power), (Role::Untagged, Power::Unknown));
        assert_eq!((server.zone.as_str(), server.instance_type.as_str()), ("?", "?"));
        assert_eq!(super::server(&Instance::builder().build()), None);
    }

    #[test]
    fn two_roles_in_one_tag_are_no_role_we_target() {
        let server = server(&tagged(vec![tag("role", "web,worker"), tag("role", "cache")])).unwrap();
        assert_eq!(server.role.role, Role::Other("web,worker".into()));
    }

    #[test]
    fn a_tag_of_four_thousand_characters_is_cut() {
        let server = server(&tagged(vec![tag("Name", &"n".repeat(4_000))])).unwrap();
        assert_eq!(server.name.unwrap().chars().count(), MAX_CHARS);
    }

    proptest! {
        #[test]
        fn no_tag_whatever_it_holds_reaches_the_screen_unprintable(
            pairs in prop::collection::vec(
                (prop_oneof![
                    Just("Name".to_owned()), Just("role".to_owned()), Just("environment".to_owned()),
                    Just(GROUP_TAG.to_owned()), any::<String>(),
                ], prop_oneof![any::<String>(), "[\\x00-\\x1f\\x7f\u{80}-\u{9f}\u{202a}-\u{202e}\u{feff}a-z]{0,400}"]),
                0..12,
            ),
        ) {
            let tags = pairs.iter().map(|(k, v)| tag(k, v)).collect();
            let server = server(&tagged(tags)).unwrap();
            let texts = server.tags.iter().flat_map(|(k, v)| [k.as_str(), v.as_str()])
                .chain(server.name.as_deref())
                .chain(server.environment.as_ref().map(EnvironmentName::as_str))
                .chain(server.group.as_ref().map(GroupName::as_str))
                .chain([server.role.role.word()]);
            for text in texts {
                prop_assert!(text.chars().all(is_printable), "{text:?}");
                prop_assert!(text.chars().count() <= MAX_CHARS);
            }
        }
    }
}
