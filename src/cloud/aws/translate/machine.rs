//! What EC2 says of a machine.

use aws_sdk_ec2::types::{
    EbsStatusSummary, InstanceCreditSpecification, InstanceStatus, InstanceStatusEvent, InstanceStatusSummary,
};

use super::{text, text_or_unknown, time};
use crate::fleet::{CheckState, CreditMode, EventKind, InstanceId, MachineStatus, PlannedEvent, StatusCheck};

/// What EC2 says of one instance; none when it has no id.
pub fn machine_status(found: &InstanceStatus) -> Option<(InstanceId, MachineStatus)> {
    let status = MachineStatus {
        system: found.system_status().map(check).unwrap_or_default(),
        instance: found.instance_status().map(check).unwrap_or_default(),
        disks: found.attached_ebs_status().map(disks).unwrap_or_default(),
        events: found.events().iter().map(event).collect(),
    };
    Some((InstanceId::new(text(found.instance_id())?), status))
}

fn check(found: &InstanceStatusSummary) -> StatusCheck {
    StatusCheck {
        state: CheckState::parse(found.status().map_or("", |status| status.as_str())),
        since: found.details().iter().filter_map(|detail| time(detail.impaired_since())).min(),
    }
}

fn disks(found: &EbsStatusSummary) -> StatusCheck {
    StatusCheck {
        state: CheckState::parse(found.status().map_or("", |status| status.as_str())),
        since: found.details().iter().filter_map(|detail| time(detail.impaired_since())).min(),
    }
}

fn event(found: &InstanceStatusEvent) -> PlannedEvent {
    PlannedEvent {
        kind: EventKind::parse(found.code().map_or("", |code| code.as_str())),
        from: time(found.not_before()),
        until: time(found.not_after()),
        words: text_or_unknown(found.description()),
    }
}

/// What becomes of an instance without CPU credits; none when it has no id, or that is a word nobody knows.
pub fn credit_mode(found: &InstanceCreditSpecification) -> Option<(InstanceId, CreditMode)> {
    let mode = match found.cpu_credits()? {
        "standard" => CreditMode::Standard,
        "unlimited" => CreditMode::Unlimited,
        _ => return None,
    };
    Some((InstanceId::new(text(found.instance_id())?), mode))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{EventCode, InstanceStatusDetails, SummaryStatus};
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn what_fails_is_told_with_since_when_and_what_aws_plans_with_its_date() {
        let failing = InstanceStatusSummary::builder().status(SummaryStatus::Impaired).details(
            InstanceStatusDetails::builder().impaired_since(DateTime::from_secs(1_800_000_000)).build(),
        );
        let retirement = InstanceStatusEvent::builder()
            .code(EventCode::InstanceRetirement)
            .description("The instance is running on\u{1b}[31m degraded hardware")
            .not_before(DateTime::from_secs(1_800_600_000));
        let found = InstanceStatus::builder()
            .instance_id("i-1")
            .system_status(failing.build())
            .instance_status(InstanceStatusSummary::builder().status("dancing".into()).build())
            .events(retirement.build())
            .build();
        let (id, status) = machine_status(&found).unwrap();
        assert_eq!(id.as_str(), "i-1");
        assert!(status.system.fails() && !status.instance.fails() && !status.disks.fails());
        assert_eq!(status.system.since.unwrap().as_second(), 1_800_000_000);
        let event = &status.events[0];
        assert_eq!((event.kind, event.from.unwrap().as_second()), (EventKind::Retirement, 1_800_600_000));
        assert!(event.words.chars().all(crate::fleet::text::is_printable), "{event:?}");
        assert_eq!(machine_status(&InstanceStatus::builder().build()), None);
    }

    #[test]
    fn a_mode_that_nobody_knows_is_none() {
        let of = |mode: &str| {
            let found = InstanceCreditSpecification::builder().instance_id("i-1").cpu_credits(mode).build();
            credit_mode(&found).map(|(_, mode)| mode)
        };
        let modes = ["standard", "unlimited", "dancing"].map(of);
        assert_eq!(modes, [Some(CreditMode::Standard), Some(CreditMode::Unlimited), None]);
    }
}
