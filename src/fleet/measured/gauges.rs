//! The numbers of a fact whose history is kept.

use super::{Fact, Gauge};

impl Fact {
    /// Its numbers worth a history; those that are not known are left out.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts and bytes as points of a curve
    pub fn gauges(&self) -> Vec<(Gauge, f64)> {
        let found = match self {
            Self::Machine(machine) => {
                [(Gauge::Load, Some(machine.load_per_core())), (Gauge::Memory, machine.memory_percent())]
            }
            Self::Postgres(postgres) => {
                let delay = postgres.replica.as_ref().and_then(|replica| replica.delay);
                let connections = f64::from(postgres.connections.total());
                [(Gauge::ReplayDelay, delay), (Gauge::Connections, Some(connections))]
            }
            Self::RabbitMq(rabbit) => [(Gauge::QueueDepth, rabbit.depth().map(|depth| depth as f64)); 2],
            Self::Celery(celery) => {
                let begun = celery.workers.iter().map(|worker| worker.begun).sum::<Option<u64>>();
                [(Gauge::TasksBegun, begun.filter(|_| !celery.workers.is_empty()).map(|all| all as f64)); 2]
            }
            Self::Redis(redis) => [(Gauge::RedisMemory, Some(redis.memory_used as f64)); 2],
            _ => return Vec::new(),
        };
        let mut gauges: Vec<_> =
            found.into_iter().filter_map(|(gauge, number)| Some((gauge, number?))).collect();
        gauges.dedup_by_key(|(gauge, _)| *gauge);
        gauges
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Machine, Postgres, Queue, RabbitMq, Replica};
    use super::*;

    #[test]
    fn what_is_not_known_has_no_point() {
        let mut postgres = Postgres::default();
        assert_eq!(Fact::Postgres(Box::new(postgres.clone())).gauges(), [(Gauge::Connections, 0.0)]);
        postgres.replica = Some(Replica { delay: Some(2.5), ..Replica::default() });
        assert_eq!(
            Fact::Postgres(Box::new(postgres)).gauges(),
            [(Gauge::ReplayDelay, 2.5), (Gauge::Connections, 0.0)]
        );
        let machine = Machine { cores: 2, load: [3.0, 0.0, 0.0], ..Machine::default() };
        assert_eq!(Fact::Machine(machine).gauges(), [(Gauge::Load, 1.5)]);
    }

    #[test]
    fn depth_is_what_waits_in_all_queues_that_count() {
        let queue = |name: &str, ready| Queue { name: name.into(), ready, ..Queue::default() };
        let queues = vec![queue("celery", 3), queue("exports", 4), queue("a@b.celery.pidbox", 9)];
        let rabbit = RabbitMq { queues, ..RabbitMq::default() };
        assert_eq!(Fact::RabbitMq(rabbit).gauges(), [(Gauge::QueueDepth, 7.0)]);
    }

    #[test]
    fn depth_has_no_point_while_a_queue_is_down() {
        let up = Queue { name: "celery".into(), ready: 3, ..Queue::default() };
        let down = |name: &str| Queue { name: name.into(), unknown: true, ..Queue::default() };
        let rabbit = |down| RabbitMq { queues: vec![up.clone(), down], ..RabbitMq::default() };
        assert_eq!(Fact::RabbitMq(rabbit(down("exports"))).gauges(), []);
        let bookkeeping = Fact::RabbitMq(rabbit(down("a@b.celery.pidbox")));
        assert_eq!(bookkeeping.gauges(), [(Gauge::QueueDepth, 3.0)]);
    }
}
