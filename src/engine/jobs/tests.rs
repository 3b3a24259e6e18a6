use proptest::prelude::*;

use super::*;

fn jobs(hosts: usize, at_once: Option<usize>, stop_on_failure: bool) -> Jobs {
    Jobs::new(hosts, Rules { at_once, stop_on_failure })
}

fn ended(host: usize, verdict: Verdict) -> Event {
    Event::Ended { host, verdict, words: format!("web-{host}: {}", verdict.word()) }
}

fn done(host: usize) -> Event {
    ended(host, Verdict::Done)
}

fn skip(host: usize, why: &str) -> Action {
    Action::Skip { host, why: why.into() }
}

#[test]
fn all_at_once_begins_all_and_is_over_with_the_last() {
    let mut jobs = jobs(3, None, true);
    assert_eq!(jobs.handle(Event::Begin), [Action::Start(0), Action::Start(1), Action::Start(2)]);
    assert_eq!(jobs.handle(done(1)), []);
    assert_eq!(jobs.handle(done(0)), []);
    assert_eq!(jobs.handle(done(2)), [Action::Finish]);
    assert_eq!(jobs.handle(Event::Cancel), []);
    assert!(!jobs.is_cancelled(), "it was over before");
}

#[test]
fn serial_begins_the_next_when_one_has_ended() {
    let mut jobs = jobs(3, Some(1), false);
    assert_eq!(jobs.handle(Event::Begin), [Action::Start(0)]);
    assert_eq!(jobs.handle(ended(0, Verdict::Failed)), [Action::Start(1)]);
    assert_eq!(jobs.handle(ended(1, Verdict::Unknown)), [Action::Start(2)]);
    assert_eq!(jobs.handle(done(2)), [Action::Finish]);
}

#[test]
fn a_failure_and_an_unknown_end_stop_what_has_not_begun_and_leave_what_runs() {
    for verdict in [Verdict::Failed, Verdict::Unknown, Verdict::Cancelled] {
        let mut jobs = jobs(4, Some(2), true);
        jobs.handle(Event::Begin);
        let why = format!("stopped after web-1: {}", verdict.word());
        assert_eq!(jobs.handle(ended(1, verdict)), [skip(2, &why), skip(3, &why)]);
        assert_eq!(jobs.handle(done(0)), [Action::Finish]);
    }
}

#[test]
fn cancelling_ends_what_runs_skips_the_rest_and_still_waits_for_every_end() {
    let mut jobs = jobs(3, Some(2), false);
    jobs.handle(Event::Begin);
    assert_eq!(
        jobs.handle(Event::Cancel),
        [Action::Cancel(0), Action::Cancel(1), skip(2, "cancelled before it began")]
    );
    assert_eq!(jobs.handle(Event::Cancel), [], "asking twice is asking once");
    assert_eq!(jobs.handle(ended(1, Verdict::Cancelled)), []);
    assert_eq!(jobs.handle(ended(0, Verdict::Unknown)), [Action::Finish]);
    assert!(jobs.is_cancelled());
}

#[test]
fn cancelling_one_that_runs_is_no_failure_of_the_others() {
    let mut jobs = jobs(3, Some(1), true);
    jobs.handle(Event::Begin);
    assert_eq!(jobs.handle(Event::CancelHost(0)), [Action::Cancel(0)]);
    assert_eq!(jobs.handle(Event::CancelHost(0)), []);
    assert_eq!(jobs.handle(ended(0, Verdict::Cancelled)), [Action::Start(1)]);
    assert_eq!(jobs.handle(Event::CancelHost(2)), [skip(2, "cancelled before it began")]);
    assert_eq!(jobs.handle(done(1)), [Action::Finish]);
    assert!(!jobs.is_cancelled());
}

#[test]
fn nothing_that_makes_no_sense_does_anything() {
    let mut waiting = jobs(2, Some(1), false);
    assert_eq!(waiting.handle(done(0)), [], "it has not begun");
    waiting.handle(Event::Begin);
    assert_eq!(waiting.handle(done(1)), []);
    assert_eq!(waiting.handle(Event::CancelHost(7)), []);
    assert_eq!(waiting.handle(done(0)), [Action::Start(1)]);
    assert_eq!(waiting.handle(done(0)), [], "it has ended before");
    assert_eq!(jobs(0, None, false).handle(Event::Begin), [Action::Finish]);
    let mut never = jobs(1, None, false);
    assert_eq!(never.handle(Event::Cancel), [skip(0, "cancelled before it began"), Action::Finish]);
}

fn event() -> impl Strategy<Value = Event> {
    let verdict = prop::sample::select(Verdict::ALL[..4].to_vec());
    prop_oneof![
        6 => (0..8_usize, verdict).prop_map(|(host, verdict)| ended(host, verdict)),
        1 => Just(Event::Cancel),
        1 => (0..8_usize).prop_map(Event::CancelHost),
    ]
}

proptest! {
    /// Whatever happens in whatever order: never more at a time than allowed, every server begins at most once
    /// and has exactly one end, and the run is over exactly when all have.
    #[test]
    fn every_server_gets_one_end_and_the_run_is_over_once(
        hosts in 0..8_usize, at_once in prop::option::of(0..5_usize), stop in any::<bool>(),
        events in prop::collection::vec(event(), 0..40),
    ) {
        let mut jobs = jobs(hosts, at_once, stop);
        let most = at_once.map_or(usize::MAX, |most| most.max(1));
        let (mut running, mut begun, mut over) = (vec![], vec![], vec![]);
        let mut finished = 0;
        // In the end all that runs ends, so that every run can be seen through.
        let rest = (0..2 * hosts).map(|n| done(n % hosts));
        let rest: Vec<Event> = rest.flat_map(|event| vec![event; hosts]).collect();
        for event in [Event::Begin].into_iter().chain(events).chain(rest) {
            if let Event::Ended { host, .. } = &event
                && let Some(at) = running.iter().position(|other| other == host)
            {
                over.push(running.remove(at));
            }
            for action in jobs.handle(event) {
                prop_assert_eq!(finished, 0);
                match action {
                    Action::Start(host) => {
                        prop_assert!(!begun.contains(&host) && !over.contains(&host));
                        begun.push(host);
                        running.push(host);
                    }
                    Action::Cancel(host) => prop_assert!(running.contains(&host)),
                    Action::Skip { host, .. } => {
                        prop_assert!(!begun.contains(&host) && !over.contains(&host));
                        over.push(host);
                    }
                    Action::Finish => finished += 1,
                }
            }
            prop_assert!(running.len() <= most);
            prop_assert_eq!(finished == 1, over.len() == hosts);
        }
        prop_assert_eq!(finished, 1);
    }
}
