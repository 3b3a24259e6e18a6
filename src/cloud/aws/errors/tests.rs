use super::*;
use crate::fleet::text::is_printable;

fn call(url: Option<&str>, profile: Option<&str>) -> Call {
    let endpoint = Endpoint {
        region: "us-east-1".into(),
        profile: profile.map(Into::into),
        url: url.map(Into::into),
        sandbox: false,
    };
    Call::new("ec2:DescribeInstances", "load balancer shop-lb", &endpoint)
}

fn refused(code: &str, message: &str, status: u16) -> CloudError {
    call(None, Some("ops")).explain(&Fault::Refused { code: code.into(), message: message.into(), status })
}

#[test]
fn throttling_is_told_apart_from_every_other_refusal() {
    for code in THROTTLED {
        assert!(matches!(refused(code, "slow", 503), CloudError::Throttled(_)), "{code}");
    }
    assert!(matches!(refused("", "", 429), CloudError::Throttled(_)));
    let busy = refused("ScalingActivityInProgress", "Activity is in progress", 400);
    assert!(matches!(&busy, CloudError::Throttled(said) if said.contains("scaling activity")), "{busy}");
    assert!(matches!(refused("ServiceUnavailable", "", 503), CloudError::Other(_)));
}

#[test]
fn a_refusal_is_told_apart_from_a_failure_that_leaves_open_what_happened() {
    for (code, status) in [
        ("ValidationError", 400),
        ("InvalidParameterValue", 400),
        ("InvalidInstance", 400),
        ("IncorrectInstanceState", 400),
        ("InstanceLimitExceeded", 400),
        ("LimitExceeded", 400),
        ("ParameterLimitExceeded", 400),
        ("InsufficientInstanceCapacity", 500),
    ] {
        let error = refused(code, "no", status);
        assert!(matches!(error, CloudError::Refused(_)) && !error.is_open(), "{error:?}");
    }
    for code in ["InvalidAMIName.Duplicate", "AlreadyExists", "ParameterAlreadyExists"] {
        let error = refused(code, "no", 400);
        assert!(matches!(error, CloudError::Exists(_)) && !error.is_open(), "{error:?}");
    }
    for (code, status) in [("InternalFailure", 500), ("Unavailable", 503), ("", 502), ("", 408), ("", 400)] {
        let error = refused(code, "oops", status);
        assert!(matches!(error, CloudError::Other(_)) && error.is_open(), "{error:?}");
    }
}

#[test]
fn a_zone_without_room_is_told_with_the_zones_that_have_some() {
    let message = "We currently do not have sufficient t3.small capacity in the Availability Zone you requested \
                   (us-east-1a). Our system will be working on provisioning additional capacity. You can currently get \
                   t3.small capacity by not specifying an Availability Zone in your request or choosing us-east-1b, \
                   us-east-1c.";
    let said = refused("InsufficientInstanceCapacity", message, 500).to_string();
    assert!(
        said.contains("there is room in us-east-1b, us-east-1c: plan again") && said.contains("--zone"),
        "{said}"
    );
    assert!(said.contains("nothing was launched"), "{said}");
    let said = refused("InsufficientInstanceCapacity", "no", 500).to_string();
    assert!(said.contains("ask for another zone, or another type"), "{said}");
}

#[test]
fn a_change_whose_outcome_is_open_says_so_and_never_that_it_is_tried_again() {
    let call = call(None, None).changing();
    let five = Fault::Refused { code: "InternalFailure".into(), message: String::new(), status: 500 };
    for fault in [Fault::Timeout, Fault::Broken("reset".into()), five] {
        let said = call.explain(&fault).to_string();
        assert!(said.contains("it may have happened all the same: look before asking again"), "{said}");
        assert!(!said.contains("tried again"), "{said}");
    }
    let busy = Fault::Refused { code: "Throttling".into(), message: String::new(), status: 400 };
    let said = call.explain(&busy).to_string();
    assert!(said.contains("nothing was changed") && !said.contains("tried again"), "{said}");
}

#[test]
fn a_denied_request_names_the_iam_action() {
    for code in DENIED {
        let CloudError::Denied(said) = refused(code, "You are not authorized", 403) else { panic!("{code}") };
        assert!(said.contains("ec2:DescribeInstances") && said.contains("us-east-1"), "{said}");
    }
}

#[test]
fn expired_credentials_say_how_to_renew_those_of_the_profile() {
    let CloudError::Credentials(said) = refused("ExpiredToken", "", 403) else { panic!() };
    assert!(said.contains("aws sso login --profile ops"), "{said}");
    let fault = Fault::BadCredentials("the SSO session has expired or is otherwise invalid".into());
    let CloudError::Credentials(said) = call(None, Some("ops")).explain(&fault) else { panic!() };
    assert!(said.contains("aws sso login --profile ops"), "{said}");
}

#[test]
fn a_wrong_clock_is_named_as_such() {
    for (code, message) in [
        ("RequestTimeTooSkewed", "The difference is too large."),
        ("SignatureDoesNotMatch", "Signature expired: 20261122T120000Z is now earlier than 20261122T121000Z"),
        ("InvalidSignatureException", "Signature not yet current: 20261122T120000Z"),
    ] {
        let CloudError::Credentials(said) = refused(code, message, 403) else { panic!("{code}") };
        assert!(said.contains("set the clock"), "{said}");
    }
}

#[test]
fn an_expired_request_is_first_one_of_expired_credentials_and_then_of_the_clock() {
    let CloudError::Credentials(said) = refused("RequestExpired", "Request has expired.", 400) else {
        panic!()
    };
    let place = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
    assert!(place("credentials have expired") < place("aws sso login --profile ops"), "{said}");
    assert!(place("aws sso login --profile ops") < place("set the clock"), "{said}");
}

#[test]
fn a_missing_thing_is_named() {
    for (code, message) in [
        ("LoadBalancerNotFound", "There is no ACTIVE Load Balancer"),
        ("ValidationError", "Group x not found"),
    ] {
        let CloudError::Absent(said) = refused(code, message, 400) else { panic!("{code}") };
        assert!(said.starts_with("load balancer shop-lb does not exist in us-east-1"), "{said}");
    }
}

#[test]
fn a_wrong_region_names_the_nearest_and_a_wrong_endpoint_its_option() {
    let mut call = call(None, None);
    call.region = "us-est-1".into();
    let fault = Fault::NotConnected("failed to lookup address information".into());
    let CloudError::Unreachable(said) = call.explain(&fault) else { panic!() };
    assert!(said.contains("did you mean us-east-1?"), "{said}");
    call.url = Some("http://127.0.0.1:1".into());
    let CloudError::Unreachable(said) = call.explain(&fault) else { panic!() };
    assert!(said.contains("http://127.0.0.1:1") && said.contains("check --endpoint-url"), "{said}");
}

#[test]
fn whatever_is_said_elsewhere_becomes_one_short_printable_line() {
    let words = format!("\u{1b}[2J\u{202e}{}\n\0", "x".repeat(9_000));
    let faults = [
        Fault::BadCredentials(words.clone()),
        Fault::NotConnected(words.clone()),
        Fault::Broken(words.clone()),
        Fault::Unreadable { status: 200, why: words.clone() },
        Fault::Unsendable(words.clone()),
        Fault::Refused { code: words.clone(), message: words.clone(), status: 400 },
        Fault::Refused { code: "AccessDenied".into(), message: words, status: 403 },
    ];
    for fault in faults {
        let said = call(None, None).explain(&fault).to_string();
        assert!(said.chars().all(is_printable), "{said:?}");
        assert!(said.chars().count() < 700, "{said}");
    }
}
