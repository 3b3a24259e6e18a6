//! How a change can end: denied, throttled, refused, or with nobody knowing.

use std::pin::Pin;

use quarterdeck::cloud::{Answer, CloudChange, CloudError, CloudRead, LaunchSpec, ServerSpec};
use quarterdeck::fleet::{LaunchSource, NewServer, Process, Sizes};

use super::{Account, account, ground};

type Change<'a> = Pin<Box<dyn Future<Output = Answer<()>> + 'a>>;
/// Makes a change of an account that also has a template; the number makes names and tokens new ones.
type Make = for<'a> fn(&'a Account, &'a LaunchSource, usize) -> Change<'a>;

/// Every change there is, with its IAM action.
const CHANGES: [(&str, Make); 35] = [
    ("autoscaling:SuspendProcesses", |a, _, _| {
        Box::pin(async { a.change.suspend(&a.group(), &[Process::Launch]).await })
    }),
    ("autoscaling:ResumeProcesses", |a, _, _| {
        Box::pin(async { a.change.resume(&a.group(), &[Process::Launch]).await })
    }),
    ("autoscaling:UpdateAutoScalingGroup", |a, _, _| {
        Box::pin(async { a.change.set_sizes(&a.group(), Sizes { min: 1, desired: 2, max: 4 }).await })
    }),
    ("autoscaling:UpdateAutoScalingGroup", |a, _, _| {
        Box::pin(async { a.change.set_policies(&a.group(), &["Default".to_owned()]).await })
    }),
    ("autoscaling:UpdateAutoScalingGroup", |a, _, _| {
        Box::pin(async { a.change.set_launch(&a.group(), &launched(a).await).await })
    }),
    ("autoscaling:UpdateAutoScalingGroup", |a, template, _| {
        Box::pin(async { a.change.set_launch(&"other-staging-ag".into(), template).await })
    }),
    ("autoscaling:TerminateInstanceInAutoScalingGroup", |a, _, _| {
        Box::pin(async { a.change.terminate_member(&a.servers("worker")[0], false).await })
    }),
    ("elasticloadbalancing:RegisterInstancesWithLoadBalancer", |a, _, _| {
        Box::pin(async { a.change.register(&a.balancer(), &a.servers("worker")).await })
    }),
    ("elasticloadbalancing:DeregisterInstancesFromLoadBalancer", |a, _, _| {
        Box::pin(async { a.change.deregister(&a.balancer(), &a.servers("worker")).await })
    }),
    ("elasticloadbalancing:SetLoadBalancerListenerSSLCertificate", |a, _, _| {
        let arn = "arn:aws:iam::123456789012:server-certificate/site";
        Box::pin(async move { a.change.set_certificate(&a.balancer(), 443, arn).await })
    }),
    ("ec2:RunInstances", |a, _, n| {
        Box::pin(async move { a.change.launch(&spec(a, &format!("token-{n}"))).await.map(|_| ()) })
    }),
    ("ec2:CreateTags", |a, _, _| {
        Box::pin(async { a.change.tag(&a.servers("worker")[0], &[("role".into(), "worker".into())]).await })
    }),
    ("ec2:RebootInstances", |a, _, _| Box::pin(async { a.change.reboot(&a.servers("cache")).await })),
    ("ec2:StopInstances", |a, _, _| Box::pin(async { a.change.stop(&a.servers("cache")).await })),
    ("ec2:CreateImage", |a, _, n| {
        let name = format!("image-{n}");
        Box::pin(async move { a.change.create_image(&a.servers("worker")[0], &name).await.map(|_| ()) })
    }),
    ("autoscaling:CreateLaunchConfiguration", |a, _, n| {
        Box::pin(async move { a.change.create_launch(&copy(&launched(a).await, n)).await.map(|_| ()) })
    }),
    ("ec2:CreateLaunchTemplateVersion", |a, template, n| {
        Box::pin(async move { a.change.create_launch(&copy(template, n)).await.map(|_| ()) })
    }),
    ("autoscaling:DeleteLaunchConfiguration", |a, _, _| {
        Box::pin(async { a.change.delete_launch(&LaunchSource::Configuration { name: "gone".into() }).await })
    }),
    ("ec2:DeleteLaunchTemplateVersions", |a, template, _| {
        Box::pin(async { a.change.delete_launch(&gone_version(template)).await })
    }),
    ("ec2:CreateSecurityGroup", |a, _, n| {
        Box::pin(async move {
            a.change.create_security_group(&ground::group("vpc-1", &format!("sg-{n}"))).await.map(|_| ())
        })
    }),
    ("ec2:AuthorizeSecurityGroupIngress", |a, _, _| {
        Box::pin(async { a.change.authorize(&"sg-1".into(), &[ground::world(443)]).await })
    }),
    ("ec2:RevokeSecurityGroupIngress", |a, _, _| {
        Box::pin(async { a.change.revoke(&"sg-1".into(), &[ground::world(443)]).await })
    }),
    ("ec2:DeleteSecurityGroup", |a, _, _| {
        Box::pin(async { a.change.delete_security_group(&"sg-1".into()).await })
    }),
    ("ec2:ImportKeyPair", |a, _, n| {
        Box::pin(async move { a.change.import_key_pair(&ground::key(&format!("key-{n}"))).await })
    }),
    ("ec2:DeleteKeyPair", |a, _, _| Box::pin(async { a.change.delete_key_pair("gone").await })),
    ("elasticloadbalancing:CreateLoadBalancer", |a, _, n| {
        Box::pin(async move {
            let balancer = ground::balancer(&format!("lb-{n}"), Vec::new(), Vec::new());
            a.change.create_load_balancer(&balancer).await
        })
    }),
    ("elasticloadbalancing:ConfigureHealthCheck", |a, _, _| {
        Box::pin(async {
            let balancer = ground::balancer(a.balancer().as_str(), Vec::new(), Vec::new());
            a.change.configure_load_balancer(&balancer).await
        })
    }),
    ("elasticloadbalancing:DeleteLoadBalancer", |a, _, _| {
        Box::pin(async { a.change.delete_load_balancer(&"gone".into()).await })
    }),
    ("ec2:CreateLaunchTemplate", |a, _, n| {
        Box::pin(async move {
            let template = ground::template(&format!("template-{n}"), "ami-1", Vec::new());
            a.change.create_template(&template).await.map(|_| ())
        })
    }),
    ("ec2:DeleteLaunchTemplate", |a, _, _| Box::pin(async { a.change.delete_template("gone").await })),
    ("autoscaling:CreateAutoScalingGroup", |a, template, n| {
        let group = ground::scaling(&format!("group-{n}"), template.clone(), Vec::new());
        Box::pin(async move { a.change.create_group(&group).await })
    }),
    ("autoscaling:DeleteAutoScalingGroup", |a, _, _| {
        Box::pin(async { a.change.delete_group(&"gone".into()).await })
    }),
    ("cloudfront:CreateInvalidation", |a, _, n| {
        let reference = format!("run-{n}");
        Box::pin(async move {
            a.change.invalidate(&"E1".into(), &["/*".to_owned()], &reference).await.map(|_| ())
        })
    }),
    ("ssm:PutParameter", |a, _, n| {
        Box::pin(async move { a.change.put_note(&format!("/quarterdeck/{n}"), "x", false).await })
    }),
    ("ssm:DeleteParameters", |a, _, _| {
        Box::pin(async { a.change.delete_notes(&["/quarterdeck/gone".to_owned()]).await })
    }),
];

async fn launched(a: &Account) -> LaunchSource {
    a.read_group().await.launch.unwrap()
}

fn gone_version(template: &LaunchSource) -> LaunchSource {
    let LaunchSource::Template { id, name, .. } = template.clone() else { panic!() };
    LaunchSource::Template { id, name, version: "77".into() }
}

fn copy(like: &LaunchSource, n: usize) -> LaunchSpec {
    LaunchSpec { like: like.clone(), image: "ami-new".into(), name: format!("copy-{n}"), instance_type: None }
}

fn spec(a: &Account, token: &str) -> ServerSpec {
    let server = NewServer {
        image: a.staging["image"].as_str().unwrap().into(),
        instance_type: "t3.micro".into(),
        zone: None,
        subnet: None,
        public_address: false,
        security_groups: vec![],
        key_name: None,
        instance_profile: None,
        tokens_required: None,
        volumes: Vec::new(),
        tags: vec![("deployment".into(), "myproject".into())],
    };
    ServerSpec { token: token.into(), server }
}

/// A template of another deployment, so that both kinds are there.
async fn template(a: &Account) -> LaunchSource {
    a.wire.seed(&["--deployment", "other", "--launch", "lt", "--behind", "1"]);
    let group = a.cloud.groups(&["other-staging-ag".into()]).await.unwrap().remove(0);
    let settings = a.cloud.launch_settings(&[group.launch.unwrap()]).await.unwrap();
    settings[0].resolved.clone()
}

fn word(action: &str) -> &str {
    action.split(':').nth(1).unwrap()
}

#[test]
fn no_change_is_sent_twice_after_an_answer_that_leaves_open_whether_it_happened() {
    let name = "outcomes::no_change_is_sent_twice_after_an_answer_that_leaves_open_whether_it_happened";
    account(name, &[], async |a| {
        let template = template(&a).await;
        for (n, fault) in
            ["InternalError", "ServiceUnavailable", "html", "page", "half", "drop"].into_iter().enumerate()
        {
            for (action, make) in CHANGES {
                let change = make(&a, &template, n);
                let before = a.count(word(action));
                a.wire.faults(&[(word(action), fault, -1)]);
                let Err(error) = change.await else { panic!("{action} after {fault} is no success") };
                assert!(error.is_open(), "{action} after {fault}: {error:?}");
                let said = error.to_string();
                assert!(!said.contains("tried again"), "{action} after {fault}: {said}");
                assert_eq!(a.count(word(action)) - before, 1, "{action} after {fault}");
                a.wire.faults(&[]);
            }
        }
    });
}

#[test]
fn neither_a_termination_nor_a_deletion_is_sent_twice_after_such_an_answer() {
    let name = "outcomes::neither_a_termination_nor_a_deletion_is_sent_twice_after_such_an_answer";
    account(name, &[], async |a| {
        a.wire.faults(&[("TerminateInstances", "drop", -1)]);
        assert!(a.change.terminate(&a.servers("cache")).await.unwrap_err().is_open());
        assert!(
            a.change
                .terminate(&[a.servers("cache"), a.servers("worker")].concat())
                .await
                .unwrap_err()
                .is_open()
        );
        assert_eq!(a.count("TerminateInstances"), 2);
        let image = a.staging["image"].as_str().unwrap().into();
        a.wire.faults(&[("DeregisterImage", "drop", -1)]);
        assert!(a.change.delete_image(&image).await.unwrap_err().is_open());
        assert_eq!((a.count("DeregisterImage"), a.count("DeleteSnapshot")), (1, 0));
    });
}

#[test]
fn what_is_read_on_the_way_to_a_change_is_repeated_as_reads_are() {
    let name = "outcomes::what_is_read_on_the_way_to_a_change_is_repeated_as_reads_are";
    account(name, &[], async |a| {
        let launch = a.read_group().await.launch.unwrap();
        a.wire.faults(&[("DescribeLaunchConfigurations", "drop", 2)]);
        let spec =
            LaunchSpec { like: launch, image: "ami-new".into(), name: "once".into(), instance_type: None };
        a.change.create_launch(&spec).await.unwrap();
        assert_eq!(a.count("DescribeLaunchConfigurations"), 3);
        assert_eq!(a.count("CreateLaunchConfiguration"), 2, "the seed's and ours");
    });
}

#[test]
fn a_denied_change_names_its_permission_and_is_known_not_to_have_happened() {
    let name = "outcomes::a_denied_change_names_its_permission_and_is_known_not_to_have_happened";
    account(name, &[], async |a| {
        let template = template(&a).await;
        for (action, make) in CHANGES {
            let change = make(&a, &template, 0);
            a.wire.faults(&[(word(action), "AccessDenied", -1)]);
            let error = change.await.unwrap_err();
            let CloudError::Denied(said) = &error else { panic!("{action}: {error:?}") };
            assert!(said.contains(action) && !error.is_open(), "{action}: {said}");
        }
    });
}

#[test]
fn a_throttled_change_is_sent_again_and_given_up_as_one_that_did_not_happen() {
    let name = "outcomes::a_throttled_change_is_sent_again_and_given_up_as_one_that_did_not_happen";
    account(name, &[], async |a| {
        for (service, throttling) in
            [("RunInstances", "RequestLimitExceeded"), ("PutParameter", "ThrottlingException")]
        {
            let before = a.count(service);
            let change = |n: &str| {
                let (spec, note) = (spec(&a, n), format!("/quarterdeck/{n}"));
                let change = a.change.clone();
                async move {
                    if service == "RunInstances" {
                        change.launch(&spec).await.map(|_| ())
                    } else {
                        change.put_note(&note, "x", false).await
                    }
                }
            };
            a.wire.faults(&[(service, throttling, 2)]);
            change("one").await.unwrap();
            assert_eq!(a.count(service) - before, 3, "{service}");
            a.wire.faults(&[(service, throttling, -1)]);
            let error = change("two").await.unwrap_err();
            assert!(
                matches!(&error, CloudError::Throttled(said) if said.contains("nothing was changed")),
                "{error:?}"
            );
            assert!(!error.is_open());
            assert_eq!(a.count(service) - before, 7, "{service}");
        }
        a.wire.faults(&[]);
        assert_eq!(a.cloud.notes("/quarterdeck").await.unwrap().len(), 1);
    });
}

#[test]
fn no_room_at_ec2_is_a_refusal_although_it_comes_as_a_failure_of_the_service() {
    let name = "outcomes::no_room_at_ec2_is_a_refusal_although_it_comes_as_a_failure_of_the_service";
    account(name, &[], async |a| {
        a.wire.faults(&[("RunInstances", "InsufficientInstanceCapacity", -1)]);
        let error = a.change.launch(&spec(&a, "t")).await.unwrap_err();
        assert!(matches!(error, CloudError::Refused(_)) && !error.is_open(), "{error:?}");
    });
}

#[test]
fn what_took_effect_without_an_answer_is_found_and_not_made_twice() {
    let name = "outcomes::what_took_effect_without_an_answer_is_found_and_not_made_twice";
    account(name, &[], async |a| {
        let template = template(&a).await;
        let lost = |action: &str| a.wire.faults(&[(action, "drop", 1)]);
        let group = a.read_group().await;

        lost("RunInstances");
        let server = spec(&a, "lost");
        let before = a.cloud.servers(&"myproject".into()).await.unwrap().len();
        assert!(a.change.launch(&server).await.unwrap_err().is_open());
        let id = a.change.launch(&server).await.unwrap();
        let servers = a.cloud.servers(&"myproject".into()).await.unwrap();
        assert_eq!(servers.len(), before + 1);
        assert!(servers.iter().any(|s| s.id == id));

        lost("CreateImage");
        let worker = &a.servers("worker")[0];
        assert!(a.change.create_image(worker, "lost-image").await.unwrap_err().is_open());
        let error = a.change.create_image(worker, "lost-image").await.unwrap_err();
        assert!(matches!(error, CloudError::Exists(_)), "{error:?}");
        assert_eq!(a.cloud.images_named("lost-image").await.unwrap().len(), 1);

        lost("CreateLaunchConfiguration");
        let name = "myproject_staging_lc_2026.11.23-09.00.00_feed";
        let spec = LaunchSpec {
            like: group.launch.clone().unwrap(),
            image: "ami-new".into(),
            name: name.into(),
            instance_type: None,
        };
        assert!(a.change.create_launch(&spec).await.unwrap_err().is_open());
        let found = a.cloud.releases(&spec.like, "myproject_staging_lc_").await.unwrap();
        assert_eq!(found[0].source, LaunchSource::Configuration { name: name.into() });

        lost("CreateLaunchTemplateVersion");
        let name = "other_staging_web_2026.11.23-09.00.00_feed";
        let spec = LaunchSpec {
            like: template.clone(),
            image: "ami-new".into(),
            name: name.into(),
            instance_type: None,
        };
        assert!(a.change.create_launch(&spec).await.unwrap_err().is_open());
        let found = a.cloud.releases(&template, "").await.unwrap();
        assert_eq!(found[0].description.as_deref(), Some(name));
        assert_eq!(a.change.create_launch(&spec).await.unwrap(), found[0].source);
        assert_eq!(a.cloud.releases(&template, "").await.unwrap().len(), found.len());

        lost("PutParameter");
        let note = "/quarterdeck/myproject/staging/lock/1";
        assert!(a.change.put_note(note, "mine", false).await.unwrap_err().is_open());
        assert_eq!(a.cloud.notes("/quarterdeck").await.unwrap()[0].text, "mine");

        lost("SuspendProcesses");
        assert!(a.change.suspend(&a.group(), &[Process::Launch]).await.unwrap_err().is_open());
        assert!(a.read_group().await.is_suspended("Launch"));
    });
}

#[test]
fn a_change_without_an_answer_is_given_up_and_not_sent_again() {
    account("outcomes::a_change_without_an_answer_is_given_up_and_not_sent_again", &[], async |a| {
        a.wire.faults(&[("SuspendProcesses", "hang", -1)]);
        let error = a.change.suspend(&a.group(), &[Process::Launch]).await.unwrap_err();
        assert!(
            matches!(&error, CloudError::Unreachable(said) if said.contains("it may have happened")),
            "{error:?}"
        );
        assert_eq!(a.count("SuspendProcesses"), 1);
    });
}
