//! Who is due when.

use std::time::Duration;

use super::super::schedule::{Schedule, Visit};
use super::super::wanted::Wanted;
use crate::fleet::{InstanceId, Role, Topic};
use crate::refresh::Pace;

const SECOND: Duration = Duration::from_secs(1);

fn wanted(count: usize, looked_at: bool) -> Vec<Wanted> {
    (0..count)
        .map(|n| Wanted { instance: format!("i-{n:04}").as_str().into(), role: Role::Web, looked_at })
        .collect()
}

fn planned(count: usize) -> Schedule {
    let mut schedule = Schedule::new(Pace::default(), 7);
    schedule.plan(wanted(count, true), Duration::ZERO);
    schedule
}

/// Runs for a while; every visit takes half a second, and `reached` says how it ends. Gives the times at which
/// the machine itself was asked about, by server.
fn run(
    schedule: &mut Schedule,
    from: u64,
    to: u64,
    reached: impl Fn(&InstanceId) -> bool,
) -> Vec<(Duration, InstanceId)> {
    let (mut now, mut times) = (SECOND * u32::try_from(from).unwrap(), Vec::new());
    let mut running: Vec<Visit> = Vec::new();
    while now < SECOND * u32::try_from(to).unwrap() {
        for visit in running.drain(..) {
            schedule.ended(&visit.instance, reached(&visit.instance), now);
        }
        running = schedule.start(now);
        assert!(running.len() <= 16, "{}", running.len());
        let machine = running.iter().filter(|visit| visit.topics.contains(&Topic::Machine));
        times.extend(machine.map(|visit| (now, visit.instance.clone())));
        now += SECOND / 2;
    }
    for visit in running {
        schedule.ended(&visit.instance, reached(&visit.instance), now);
    }
    times
}

fn of(times: &[(Duration, InstanceId)], instance: &str) -> Vec<u64> {
    times.iter().filter(|(_, id)| id.as_str() == instance).map(|(at, _)| at.as_secs()).collect()
}

#[test]
fn what_moves_is_asked_every_fifteen_seconds_and_a_server_is_never_asked_twice_at_once() {
    let mut schedule = planned(1);
    let visits = schedule.start(Duration::ZERO);
    assert_eq!(visits.len(), 1);
    assert!(visits[0].topics.contains(&Topic::Machine));
    assert_eq!(schedule.start(SECOND * 600), []);
    assert_eq!(schedule.next_at(SECOND * 600), None);
    schedule.ended(&visits[0].instance, true, SECOND);
    let times = of(&run(&mut schedule, 1, 121, |_| true), "i-0000");
    assert!((7..=9).contains(&times.len()), "{times:?}");
    assert!(times.windows(2).skip(1).all(|pair| (14..=17).contains(&(pair[1] - pair[0]))), "{times:?}");
}

#[test]
fn many_servers_are_not_asked_all_at_the_same_moment() {
    let mut schedule = planned(40);
    let times = run(&mut schedule, 0, 60, |_| true);
    let after = times.iter().filter(|(at, _)| *at >= SECOND * 20);
    let mut moments: Vec<Duration> = after.map(|(at, _)| *at).collect();
    moments.dedup();
    assert!(moments.len() > 20, "{moments:?}");
}

#[test]
fn a_server_that_does_not_answer_is_asked_less_and_less_often() {
    let mut schedule = planned(1);
    let times = of(&run(&mut schedule, 0, 1500, |_| false), "i-0000");
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, about) in pauses.iter().zip([15, 30, 60, 120, 240, 300, 300]) {
        assert!((about * 9 / 10..=about * 11 / 10 + 1).contains(pause), "{pauses:?}");
    }
    let schedule_again = |schedule: &mut Schedule| run(schedule, 1500, 1520, |_| true);
    assert_eq!(schedule_again(&mut schedule.clone()), []);
    schedule.force(SECOND * 1500);
    assert_eq!(of(&schedule_again(&mut schedule), "i-0000")[0], 1500);
}

#[test]
fn one_that_comes_to_be_looked_at_is_tried_at_once() {
    let mut schedule = Schedule::new(Pace::default(), 7);
    schedule.plan(wanted(1, false), Duration::ZERO);
    run(&mut schedule, 0, 100, |_| false);
    assert!(schedule.next_at(SECOND * 100).unwrap() > SECOND * 100);
    schedule.plan(wanted(1, true), SECOND * 100);
    assert_eq!(schedule.next_at(SECOND * 100), Some(SECOND * 100));
    run(&mut schedule, 100, 101, |_| false);
    // Looking on is not looking newly.
    schedule.plan(wanted(1, true), SECOND * 101);
    assert!(schedule.next_at(SECOND * 101).unwrap() > SECOND * 105);
}

#[test]
fn when_nobody_is_there_servers_are_asked_less_often() {
    let mut schedule = planned(1);
    let awake = of(&run(&mut schedule, 0, 270, |_| true), "i-0000").len();
    let idle = of(&run(&mut schedule, 345, 615, |_| true), "i-0000").len();
    assert!(idle * 2 < awake, "{idle} {awake}");
    schedule.awake(SECOND * 615);
    assert!(schedule.next_at(SECOND * 615).unwrap() <= SECOND * 630);
}

#[test]
fn servers_that_do_not_answer_leave_room_for_the_others() {
    let mut schedule = planned(60);
    let is_dead = |id: &InstanceId| id.as_str() < "i-0040";
    run(&mut schedule, 0, 5, |id| !is_dead(id));
    // All forty are due again; half of the room is theirs at most.
    schedule.force(SECOND * 100);
    let visits = schedule.start(SECOND * 100);
    let dead = visits.iter().filter(|visit| is_dead(&visit.instance)).count();
    assert_eq!((visits.len(), dead), (16, 0));
    for visit in visits {
        schedule.ended(&visit.instance, true, SECOND * 100);
    }
    // The dead do not end; the others do, and what is asked of them more rarely comes in between.
    let mut visits = Vec::new();
    for now in (101..110).map(|n| SECOND * n) {
        let (dead, alive): (Vec<_>, Vec<_>) =
            schedule.start(now).into_iter().partition(|visit| is_dead(&visit.instance));
        visits.extend(dead);
        for visit in alive {
            schedule.ended(&visit.instance, true, now);
        }
    }
    assert_eq!(visits.len(), 8);
}

#[test]
fn beyond_a_bound_servers_take_turns() {
    let mut schedule = planned(480);
    let times = run(&mut schedule, 0, 1200, |_| true);
    let first = of(&times, "i-0000").len();
    assert!(first > 30, "{first}");
    let last = of(&times, "i-0479").len();
    assert!((2..=8).contains(&last), "{last}");
}

#[test]
fn a_server_that_came_back_is_asked_everything_it_was_not_told() {
    let mut schedule = planned(1);
    let id = InstanceId::new("i-0000");
    let visit = schedule.start(Duration::ZERO).remove(0);
    schedule.ended(&id, false, SECOND);
    schedule.force(SECOND * 2);
    assert_eq!(schedule.start(SECOND * 2)[0].topics, visit.topics);
}

#[test]
fn a_single_look_asks_everything_once_and_ends() {
    let mut schedule = Schedule::single(7);
    schedule.plan(wanted(40, true), Duration::ZERO);
    let times = run(&mut schedule, 0, 100, |id| id.as_str() != "i-0003");
    assert_eq!(times.len(), 40);
    assert!(schedule.is_done(SECOND * 100));
    assert_eq!(schedule.unasked().count(), 0);
}

#[test]
fn a_server_nobody_wants_is_not_asked_and_one_that_has_gone_is_forgotten() {
    let mut schedule = planned(2);
    run(&mut schedule, 0, 3, |_| true);
    schedule.plan(wanted(1, true), SECOND * 3);
    let times = run(&mut schedule, 3, 60, |_| true);
    assert_eq!(of(&times, "i-0001"), [0_u64; 0]);
    schedule.forget(|_| false);
    // Forgotten: what was asked of it is not known any more.
    schedule.plan(wanted(2, true), SECOND * 60);
    assert_eq!(schedule.next_at(SECOND * 60), Some(SECOND * 60));
}

#[test]
fn what_is_forbidden_on_a_server_is_asked_less_and_less_often_until_somebody_wants_to_know() {
    // Times at which Supervisor was asked about, and how often the machine was.
    fn run(schedule: &mut Schedule, from: u32, to: u32) -> (Vec<u32>, usize) {
        let (mut times, mut machine) = (Vec::new(), 0);
        for second in from..to {
            schedule.awake(SECOND * second);
            for Visit { instance, topics } in schedule.start(SECOND * second) {
                times.extend(topics.contains(&Topic::Supervisor).then_some(second));
                machine += usize::from(topics.contains(&Topic::Machine));
                schedule.told(&instance, topics.iter().map(|topic| (*topic, *topic != Topic::Supervisor)));
                schedule.ended(&instance, true, SECOND * second);
            }
        }
        (times, machine)
    }
    let mut schedule = planned(1);
    let (times, machine) = run(&mut schedule, 0, 1500);
    let pauses: Vec<u32> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1] + 5), "{pauses:?}");
    assert!(times.len() < 12 && pauses.iter().any(|pause| *pause >= 290), "{times:?}");
    assert!(machine > 90, "the others keep their pace: {machine}");
    schedule.force(SECOND * 1500);
    assert_eq!(run(&mut schedule, 1500, 1502).0, [1500]);
    schedule.told(&"i-0000".into(), [(Topic::Supervisor, true)].into_iter());
    assert!(run(&mut schedule, 1502, 1535).0.len() >= 2, "what can be had again has its pace back");
}
