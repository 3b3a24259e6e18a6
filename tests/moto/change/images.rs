//! Images and the snapshots behind them.

use quarterdeck::cloud::{CloudChange, CloudError, CloudRead};
use quarterdeck::fleet::{Image, ImageId};
use serde_json::json;

use super::{Account, account};

const NAME: &str = "myproject_staging_web_2026.11.22-09.00.00_fedcba9876543210";

async fn read(a: &Account, id: &ImageId) -> Option<Image> {
    a.cloud.images(std::slice::from_ref(id)).await.unwrap().pop()
}

/// The snapshots that an image was made of.
fn snapshots(a: &Account, id: &ImageId) -> Vec<String> {
    let found = a.wire.call("ec2", "describe_snapshots", &json!({"OwnerIds": ["self"]}));
    let all = found["Snapshots"].as_array().unwrap().iter();
    let mine = all.filter(|s| s["Description"].as_str().is_some_and(|d| d.ends_with(&format!("for {id}"))));
    mine.map(|s| s["SnapshotId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_image_is_pending_until_it_is_made_and_its_name_is_taken_from_the_first_moment() {
    let name = "images::an_image_is_pending_until_it_is_made_and_its_name_is_taken_from_the_first_moment";
    account(name, &[], async |a| {
        let worker = &a.servers("worker")[0];
        let id = a.change.create_image(worker, NAME).await.unwrap();
        let image = read(&a, &id).await.unwrap();
        assert_eq!((image.state.as_str(), image.name.as_deref()), ("pending", Some(NAME)));
        let error = a.change.create_image(worker, NAME).await.unwrap_err();
        assert!(matches!(error, CloudError::Exists(_)) && !error.is_open(), "{error:?}");
        let found = a.cloud.images_named("myproject_staging_web_2026.11.22").await.unwrap();
        assert_eq!(found.iter().map(|i| &i.id).collect::<Vec<_>>(), [&id]);
        while read(&a, &id).await.unwrap().state != "available" {
            a.cloud.pause(std::time::Duration::from_millis(50)).await;
        }
        let error = a.change.create_image(&"i-0123456789abcdef0".into(), "other").await.unwrap_err();
        assert!(matches!(error, CloudError::Absent(_)), "{error:?}");
    });
}

#[test]
fn an_image_is_deleted_with_its_snapshots_and_one_that_is_gone_is_no_error() {
    let name = "images::an_image_is_deleted_with_its_snapshots_and_one_that_is_gone_is_no_error";
    account(name, &[], async |a| {
        let id = a.change.create_image(&a.servers("worker")[0], NAME).await.unwrap();
        assert_eq!(snapshots(&a, &id).len(), 1);
        a.change.delete_image(&id).await.unwrap();
        assert_eq!(read(&a, &id).await, None);
        assert_eq!(snapshots(&a, &id), Vec::<String>::new());
        a.change.delete_image(&id).await.unwrap();
        a.change.delete_image(&"ami-0123456789abcdef0".into()).await.unwrap();
    });
}

#[test]
fn snapshots_of_an_image_that_was_deregistered_earlier_are_deleted_all_the_same() {
    let name = "images::snapshots_of_an_image_that_was_deregistered_earlier_are_deleted_all_the_same";
    account(name, &[], async |a| {
        let id = a.change.create_image(&a.servers("worker")[0], NAME).await.unwrap();
        a.wire.faults(&[("DeleteSnapshot", "InternalError", 1)]);
        let error = a.change.delete_image(&id).await.unwrap_err();
        assert!(error.is_open(), "{error:?}");
        assert_eq!((read(&a, &id).await, snapshots(&a, &id).len()), (None, 1), "cut in the middle");
        a.change.delete_image(&id).await.unwrap();
        assert_eq!(snapshots(&a, &id), Vec::<String>::new());
    });
}
