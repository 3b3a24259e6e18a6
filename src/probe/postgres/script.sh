# PostgreSQL, primary or replica, 9.6 to 18: names that changed are put together from the server's version before they
# are used. Output: one JSON object per line, of one key that says what it is:
#   {"server":{"version":"15.6","recovery":false,"started":"2026-11-22T21:58:33.2+00:00","position":"0/30436F0",
#     "timeline":1,"connections":100,"wal_keep":67108864,"slot_keep":null}}
#   {"connections":{"active":1,"idle":2,"idle_in_transaction":0,"other":0,"waiting":0}}
#   {"oldest":{"seconds":12.5,"user":"myproject","pid":4711}}                         if there is a transaction
#   {"standby":{"name":"15/main","address":"10.0.0.7","state":"streaming","sync":"async","sent_behind":0,
#     "flush_behind":0,"replay_behind":0,"replay_lag":null}}                           for each
#   {"slot":{"name":"replica0","active":true,"retained":0,"status":"reserved"}}        for each
#   {"receiver":{"status":"streaming","sender":"db-primary","timeline":1,"latest":"0/30436F0","heard":3.2,
#     "timeout":60}}                                                                   on a replica with a receiver
#   {"replica":{"received":"0/30436F0","replayed":"0/30436F0","behind":0,"to_receive":0,"waits":true,
#     "moved":false,"committed":false,"replayed_age":31.5,"paused":false,"conflicts":0}} on a replica
#   {"size":{"bytes":50331648}}                                                        if the database is there
# What was received is asked for first, and what was replayed and came since later, if need be a quarter of a second: a replica that
# keeps up is then found to have replayed all of it, and not to be as far behind as the last transaction is old. It
# `waits` when its startup process has nothing left that can be replayed: the rest of a record may still be to come; null
# before version 10, which does not tell. In that time it may have `moved`, and replayed a transaction that is `committed`.
# A difference is null where a position is, and may be below 0 where one of the two was asked for later.
as_user postgres psql -XAtqw -d postgres -v "database=$database" <<'SQL'
\set ON_ERROR_STOP on
SET client_encoding = 'UTF8'; SET statement_timeout = '4s'; SET lock_timeout = '1s'; SET application_name = 'quarterdeck';
SELECT
CASE WHEN v >= 100000 THEN 'pg_current_wal_lsn()' ELSE 'pg_current_xlog_location()' END AS written,
CASE WHEN v >= 100000 THEN 'pg_walfile_name' ELSE 'pg_xlogfile_name' END AS walfile,
CASE WHEN v >= 100000 THEN 'pg_last_wal_receive_lsn()' ELSE 'pg_last_xlog_receive_location()' END AS receive,
CASE WHEN v >= 100000 THEN 'pg_last_wal_replay_lsn()' ELSE 'pg_last_xlog_replay_location()' END AS replay,
CASE WHEN v >= 100000 THEN 'pg_is_wal_replay_paused()' ELSE 'pg_is_xlog_replay_paused()' END AS paused,
CASE WHEN v >= 100000 THEN 'lsn' ELSE 'location' END AS lsn,
CASE WHEN v >= 100000 THEN 'replay_lag' ELSE 'NULL::interval' END AS replay_lag,
CASE WHEN v >= 100000 THEN 'backend_type = ''client backend''' ELSE 'datname IS NOT NULL' END AS client,
CASE WHEN v >= 100000 THEN 'EXISTS (SELECT 1 FROM pg_stat_activity WHERE backend_type = ''startup'' AND wait_event IN (''RecoveryWalStream'', ''RecoveryWalAll''))'
ELSE 'NULL::boolean' END AS waits,
CASE WHEN v >= 110000 THEN 'sender_host' ELSE 'substring(conninfo from ''host=([^ ]+)'')' END AS sender,
CASE WHEN v >= 130000 THEN 'pg_size_bytes(current_setting(''wal_keep_size''))'
ELSE 'current_setting(''wal_keep_segments'')::bigint * pg_size_bytes(current_setting(''wal_segment_size''))' END AS wal_keep,
CASE WHEN v >= 130000 THEN 'nullif(pg_size_bytes(current_setting(''max_slot_wal_keep_size'')), -1)'
ELSE 'NULL::bigint' END AS slot_keep,
CASE WHEN v >= 130000 THEN 'wal_status' ELSE 'NULL::text' END AS wal_status
FROM (SELECT current_setting('server_version_num')::int AS v) AS version
\gset
SELECT coalesce((SELECT latest_end_lsn FROM pg_stat_wal_receiver LIMIT 1)::text, '') AS latest \gset
SELECT pg_is_in_recovery() AS recovery, coalesce(CASE WHEN pg_is_in_recovery() THEN :receive END::text, '') AS received \gset
SELECT json_build_object('receiver', json_build_object('status', status, 'sender', :sender, 'timeline', received_tli,
'latest', latest_end_lsn, 'heard', extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::float8,
'timeout', extract(epoch FROM current_setting('wal_receiver_timeout')::interval)::float8))
FROM pg_stat_wal_receiver WHERE status IS NOT NULL;
SELECT coalesce(CASE WHEN :'recovery' THEN :replay END::text, '') AS first, coalesce(pg_last_xact_replay_timestamp()::text, '') AS commit \gset
SELECT pg_sleep(0.25) WHERE :'recovery' AND NOT :paused AND (nullif(:'latest', '')::pg_lsn > nullif(:'received', '')::pg_lsn
OR nullif(:'received', '')::pg_lsn > nullif(:'first', '')::pg_lsn AND (:waits) IS NOT TRUE);
SELECT coalesce((:waits)::text, '') AS waiting, coalesce(CASE WHEN :'recovery' THEN :receive END::text, '') AS now_received \gset
SELECT coalesce(CASE WHEN :'recovery' THEN :replay ELSE :written END::text, '') AS at \gset
SELECT json_build_object('server', json_build_object('version', current_setting('server_version'),
'recovery', :'recovery'::boolean, 'started', pg_postmaster_start_time(), 'position', nullif(:'at', ''),
'timeline', CASE WHEN :'recovery' THEN (SELECT timeline_id FROM pg_control_checkpoint())
ELSE ('x' || substr(:walfile(:written), 1, 8))::bit(32)::int END,
'connections', current_setting('max_connections')::int, 'wal_keep', :wal_keep, 'slot_keep', :slot_keep));
SELECT json_build_object('replica', json_build_object('received', nullif(:'received', ''), 'replayed', nullif(:'at', ''),
'behind', (nullif(:'received', '')::pg_lsn - nullif(:'at', '')::pg_lsn)::bigint,
'to_receive', (nullif(:'latest', '')::pg_lsn - nullif(:'now_received', '')::pg_lsn)::bigint, 'waits', nullif(:'waiting', '')::boolean,
'moved', coalesce(nullif(:'at', '')::pg_lsn > nullif(:'first', '')::pg_lsn, false),
'committed', coalesce(pg_last_xact_replay_timestamp()::text, '') <> :'commit',
'replayed_age', extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8,
'paused', :paused, 'conflicts', (SELECT coalesce(sum(conflicts), 0)::bigint FROM pg_stat_database)))
WHERE :'recovery';
SELECT json_build_object('connections', json_build_object('active', count(*) FILTER (WHERE state = 'active'),
'idle', count(*) FILTER (WHERE state = 'idle'),
'idle_in_transaction', count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
'other', count(*) FILTER (WHERE state IS NULL OR (state NOT LIKE 'idle%' AND state <> 'active')),
'waiting', count(*) FILTER (WHERE wait_event_type = 'Lock')))
FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND :client;
SELECT json_build_object('oldest', json_build_object('seconds', extract(epoch FROM clock_timestamp() - xact_start)::float8,
'user', usename, 'pid', pid))
FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND xact_start IS NOT NULL AND :client ORDER BY xact_start LIMIT 1;
SELECT json_build_object('standby', json_build_object('name', application_name, 'address', host(client_addr), 'state', state,
'sync', sync_state, 'sent_behind', (nullif(:'at', '')::pg_lsn - sent_:lsn)::bigint,
'flush_behind', (nullif(:'at', '')::pg_lsn - flush_:lsn)::bigint,
'replay_behind', (nullif(:'at', '')::pg_lsn - replay_:lsn)::bigint,
'replay_lag', extract(epoch FROM :replay_lag)::float8))
FROM pg_stat_replication ORDER BY application_name, pid LIMIT 201;
SELECT json_build_object('slot', json_build_object('name', slot_name, 'active', active,
'retained', (nullif(:'at', '')::pg_lsn - restart_lsn)::bigint, 'status', :wal_status))
FROM pg_replication_slots ORDER BY slot_name LIMIT 201;
\set ON_ERROR_STOP off
SELECT json_build_object('size', json_build_object('bytes', pg_database_size(oid))) FROM pg_database WHERE datname = :'database';
SQL
