//! set-sizes.

use serde_json::json;

use crate::deploying::{ended, place};

#[test]
fn a_group_grows_and_undo_gives_it_the_sizes_it_had() {
    let name = "operations::sizes::a_group_grows_and_undo_gives_it_the_sizes_it_had";
    place(name, &[], |site| {
        let sizes = || {
            let group = site.told_group();
            ["MinSize", "DesiredCapacity", "MaxSize"].map(|key| group[key].as_u64().unwrap())
        };
        let before = sizes();
        let servers = site.there();
        let run = site.apply("set-sizes --min 2 --desired 3 --max 5");
        assert_eq!(sizes(), [2, 3, 5]);
        assert_eq!(site.there().len(), servers.len() + 1);
        site.undo(&run);
        assert_eq!(sizes(), before);
        // Limits alone move nobody.
        let run = site.apply("set-sizes --min 0 --max 9");
        assert_eq!(sizes(), [0, before[1], 9]);
        // What somebody has set meanwhile stays.
        let theirs = json!({ "AutoScalingGroupName": site.name("group"), "MaxSize": 7 });
        site.change("autoscaling", "update_auto_scaling_group", &theirs);
        site.live(async |life| ended(life.take_up(&run, true).await.unwrap()).await);
        site.assert_free();
        assert_eq!(sizes(), [0, before[1], 7], "any other value is somebody else's");
    });
}
