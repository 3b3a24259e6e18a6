//! `apt-get` and `pip`: their progress, as they print it.

use super::{Scene, Steps, failed};
use crate::sandbox::hosts::session::Step;
use crate::sandbox::hosts::truth;
use crate::sandbox::hosts::truth::disk;

const MIRROR: &str = "http://us-east-1.ec2.archive.ubuntu.com/ubuntu";

const PACKAGES: [(&str, &str, u32); 9] = [
    ("libssl3t64", "3.0.13-0ubuntu3.6", 1_940),
    ("openssl", "3.0.13-0ubuntu3.6", 1_003),
    ("libc6", "2.39-0ubuntu8.7", 3_263),
    ("tzdata", "2026c-0ubuntu0.24.04", 274),
    ("curl", "8.5.0-2ubuntu10.7", 227),
    ("libcurl4t64", "8.5.0-2ubuntu10.7", 342),
    ("python3-urllib3", "2.0.7-1ubuntu0.3", 94),
    ("sudo", "1.9.15p5-3ubuntu5.25.04", 948),
    ("linux-image-aws", "6.8.0-1044.46", 14),
];

pub(super) fn apt(scene: &Scene<'_>, arguments: &[String]) -> Steps {
    let verb = arguments.iter().find(|word| !word.starts_with('-')).map(String::as_str);
    if scene.user != "root" {
        let text = "E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied)\n\
                    E: Unable to lock directory /var/lib/apt/lists/\n";
        return failed(text.to_owned(), 100);
    }
    match verb {
        Some("update") => update(scene),
        Some("upgrade" | "dist-upgrade" | "full-upgrade") => upgrade(scene),
        _ => failed("apt-get: the simulated server knows only update and upgrade\n".to_owned(), 100),
    }
}

fn update(scene: &Scene<'_>) -> Steps {
    let lists = ["noble InRelease", "noble-updates InRelease [126 kB]", "noble-backports InRelease [126 kB]"];
    let mut all = Vec::new();
    for (n, list) in (1..).zip(lists) {
        let word = if n == 1 { "Hit" } else { "Get" };
        all.extend([
            Step::Out(format!("\r{}% [Working]", n * 11)),
            Step::Wait(350),
            Step::Out(format!("\r{word}:{n} {MIRROR} {list}\n")),
        ]);
    }
    for (n, list) in (4..).zip(["main amd64 Packages [1,412 kB]", "universe amd64 Packages [1,138 kB]"]) {
        all.extend([
            Step::Out(format!("\r{}% [{n} Packages {} kB/1,412 kB 31%]", n * 13, n * 104)),
            Step::Wait(450),
            Step::Out(format!("\rGet:{n} {MIRROR} noble-updates/{list}\n")),
        ]);
    }
    if disk::is_full(&scene.view, scene.host) {
        let full = "E: Write error - write (28: No space left on device)\n\
                    E: Unable to write /var/lib/apt/lists/partial\n";
        all.extend([Step::Err(full.to_owned()), Step::Exit(100)]);
        return Box::new(all.into_iter());
    }
    all.extend([
        Step::Wait(300),
        Step::Out("Fetched 2,802 kB in 2s (1,398 kB/s)\n".to_owned()),
        Step::Out("\rReading package lists... 34%".to_owned()),
        Step::Wait(600),
        Step::Out("\rReading package lists... Done\n".to_owned()),
    ]);
    Box::new(all.into_iter())
}

fn upgrade(scene: &Scene<'_>) -> Steps {
    let count = usize::try_from(truth::upgrades(&scene.view, scene.host).0).unwrap_or(0).min(PACKAGES.len());
    let packages = &PACKAGES[..count];
    let mut all = vec![
        Step::Out("Reading package lists... Done\nBuilding dependency tree... 50%".to_owned()),
        Step::Wait(300),
        Step::Out(
            "\rBuilding dependency tree... Done\nReading state information... Done\nCalculating upgrade... "
                .to_owned(),
        ),
        Step::Wait(500),
        Step::Out("Done\n".to_owned()),
    ];
    if !packages.is_empty() {
        let names: Vec<&str> = packages.iter().map(|(name, ..)| *name).collect();
        all.push(Step::Out(format!("The following packages will be upgraded:\n  {}\n", names.join(" "))));
    }
    all.push(Step::Out(format!("{count} upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")));
    for (n, (name, version, kilobytes)) in (1..).zip(packages) {
        all.extend([
            Step::Wait(200 + i64::from(*kilobytes) / 8),
            Step::Out(format!(
                "Get:{n} {MIRROR} noble-updates/main amd64 {name} amd64 {version} [{kilobytes} kB]\n"
            )),
        ]);
    }
    if disk::is_full(&scene.view, scene.host) {
        let full = "E: You don't have enough free space in /var/cache/apt/archives/.\n".to_owned();
        all.extend([Step::Err(full), Step::Exit(100)]);
        return Box::new(all.into_iter());
    }
    for (n, (name, version, _)) in packages.iter().enumerate() {
        for percent in [0, 40, 80] {
            all.extend([
                Step::Out(format!("\rProgress: [{:3}%]", (n * 100 + percent) / count.max(1))),
                Step::Wait(160),
            ]);
        }
        all.push(Step::Out(format!("\rUnpacking {name} ({version}) over (previous) ...\n")));
    }
    for (name, version, _) in packages {
        all.extend([Step::Wait(250), Step::Out(format!("Setting up {name} ({version}) ...\n"))]);
    }
    Box::new(all.into_iter())
}

pub(super) fn pip(scene: &Scene<'_>, arguments: &[String]) -> Steps {
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let Some(("install", names)) = words.split_first().map(|(verb, names)| (*verb, names)) else {
        return failed("pip: the simulated server knows only install\n".to_owned(), 1);
    };
    if names.is_empty() {
        return failed("ERROR: You must give at least one requirement to install\n".to_owned(), 1);
    }
    let requirements = ["django", "celery", "psycopg2", "redis", "gunicorn", "pillow"];
    let from_file = arguments.iter().any(|word| word == "-r");
    let wanted: Vec<&str> = if from_file { requirements.to_vec() } else { names.to_vec() };
    let mut all = Vec::new();
    for name in &wanted {
        let file = format!("{}-2.1.0-py3-none-any.whl", name.replace('-', "_"));
        all.extend([Step::Out(format!("Collecting {name}\n")), Step::Wait(250)]);
        all.push(Step::Out(format!("  Downloading {file} (812 kB)\n")));
        for part in 0..=8_u32 {
            let bar = "━".repeat(usize::try_from(part * 5).unwrap_or(0));
            all.extend([
                Step::Out(format!("\r     {bar:<40} {}/812.4 kB 3.1 MB/s", part * 101)),
                Step::Wait(60),
            ]);
        }
        all.push(Step::Out("\n".to_owned()));
    }
    if disk::is_full(&scene.view, scene.host) {
        let full =
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n";
        all.extend([Step::Err(full.to_owned()), Step::Exit(1)]);
        return Box::new(all.into_iter());
    }
    let list = wanted.join(", ");
    let installed: Vec<String> = wanted.iter().map(|name| format!("{name}-2.1.0")).collect();
    all.extend([
        Step::Out(format!("Installing collected packages: {list}\n")),
        Step::Wait(900),
        Step::Out(format!("Successfully installed {}\n", installed.join(" "))),
    ]);
    Box::new(all.into_iter())
}
