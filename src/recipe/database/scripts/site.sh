[ "$(in_recovery)" = f ] || fail "the PostgreSQL of this server is a replica: its primary is meant. Nothing was changed"
has "$incoming" || fail "there is no database $incoming here: nothing was changed"
runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -v "domain=$domain" -d "$incoming" <<'SQL'
select to_regclass('django_site') is not null as has_sites \gset
\if :has_sites
update django_site set domain = :'domain', name = left(:'domain', 50) where id = (select min(id) from django_site)
and (domain, name) is distinct from (:'domain', left(:'domain', 50));
select 'site ' || id || ' is ' || domain from django_site order by id;
\else
select 'the project has no table django_site';
\endif
SQL
exit 0
