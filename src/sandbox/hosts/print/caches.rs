//! Redis' INFO and Memcached's stats.

use super::Section;
use crate::sandbox::hosts::server::Host;
use crate::sandbox::hosts::truth::{database, memory, services};
use crate::sandbox::read::View;

pub(in crate::sandbox) fn redis(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    let Some(unit) = services::find(view, host, "redis-server") else {
        return Ok(Section::missing("redis-cli"));
    };
    if !unit.up {
        let out = "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n".to_owned();
        return Ok(Section { out, code: 1, ..Section::default() });
    }
    let now = memory::redis(view, host, database::count_clients(view, host)?);
    let seconds = (view.now - unit.since).max(0) / 1_000;
    let saved = view.now.div_euclid(300_000) * 300;
    let human = |bytes: u64| format!("{:.2}G", crate::sandbox::waves::fraction(bytes.cast_signed(), 1 << 30));
    Ok(Section::of(format!(
        "# Server\nredis_version:7.0.15\nredis_mode:standalone\nos:Linux 6.8.0-1021-aws x86_64\nprocess_id:{pid}\n\
         tcp_port:6379\nuptime_in_seconds:{seconds}\nuptime_in_days:{days}\n\n# Clients\nconnected_clients:{clients}\n\
         maxclients:10000\nblocked_clients:{blocked}\n\n# Memory\nused_memory:{used}\nused_memory_human:{used_human}\n\
         used_memory_rss:{rss}\nmaxmemory:{most}\nmaxmemory_human:{most_human}\nmaxmemory_policy:noeviction\n\
         mem_fragmentation_ratio:1.04\n\n# Persistence\nloading:0\nrdb_changes_since_last_save:{unsaved}\n\
         rdb_bgsave_in_progress:0\nrdb_last_save_time:{saved}\nrdb_last_bgsave_status:ok\naof_enabled:0\n\
         aof_last_bgrewrite_status:ok\naof_last_write_status:ok\n\n# Stats\ntotal_connections_received:{received}\n\
         total_commands_processed:{commands}\nrejected_connections:0\nexpired_keys:{expired}\nevicted_keys:0\n\n\
         # Replication\nrole:master\nconnected_slaves:0\n\n# Keyspace\ndb0:keys={keys},expires={keys},avg_ttl=604800000\n",
        pid = unit.pid,
        days = seconds / 86_400,
        clients = now.clients,
        blocked = now.blocked,
        used = now.used,
        used_human = human(now.used),
        rss = now.used + now.used / 25,
        most = now.most,
        most_human = human(now.most),
        unsaved = now.unsaved,
        received = now.commands / 900 + now.clients,
        commands = now.commands,
        expired = now.commands / 210,
        keys = now.keys,
    )))
}

pub(super) fn memcached(view: &View<'_>, host: &Host) -> rusqlite::Result<Section> {
    let Some(unit) = services::find(view, host, "memcached") else {
        return Ok(Section::failed("bash: connect: Connection refused\n".to_owned(), 1));
    };
    if !unit.up {
        let err = "memcached: connect: Connection refused\n\
                   memcached: line 1: /dev/tcp/127.0.0.1/11211: Connection refused\n";
        return Ok(Section::failed(err.to_owned(), 1));
    }
    let now = memory::memcached(view, host, database::count_clients(view, host)?, unit.since);
    let stats = [
        ("pid", u64::from(unit.pid)),
        ("uptime", ((view.now - unit.since).max(0) / 1_000).cast_unsigned()),
        ("time", (view.now / 1_000).cast_unsigned()),
        ("max_connections", 1_024),
        ("curr_connections", now.connections),
        ("cmd_get", now.hits + now.misses),
        ("cmd_set", now.misses),
        ("get_hits", now.hits),
        ("get_misses", now.misses),
        ("limit_maxbytes", now.most),
        ("bytes", now.bytes),
        ("curr_items", now.items),
        ("evictions", now.evictions),
    ];
    let lines = stats.map(|(name, number)| format!("STAT {name} {number}\n")).concat();
    Ok(Section::of(format!("STAT version 1.6.24\n{lines}END\n")))
}
