//! The pictures in `screenshots/` are what the program draws.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::path::Path;

use quarterdeck::cli::screenshots::{SHOTS, picture};

#[tokio::test]
async fn the_pictures_are_what_the_program_draws() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    for shot in SHOTS {
        let drawn = picture(shot).await.unwrap();
        let kept = std::fs::read_to_string(directory.join(format!("{}.svg", shot.name)));
        let same = kept.is_ok_and(|kept| kept == drawn);
        assert!(same, "{}.svg is not what the program draws: run `quarterdeck screenshots`", shot.name);
    }
}

#[test]
fn no_picture_is_left_over() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let names: BTreeSet<String> = SHOTS.iter().map(|shot| format!("{}.svg", shot.name)).collect();
    for file in std::fs::read_dir(directory).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "{name} is not drawn by the program");
    }
    assert_eq!(names.len(), SHOTS.len(), "two pictures of one name");
}
