import { VERSION } from './schema.js'

const LOCK = `
select pg_advisory_xact_lock(7165302);
do $body$
declare said text := obj_description(to_regclass('$.topic'), 'pg_class');
begin
  if said ~ '^millrace [0-9]+$' and substr(said, 10)::int > ${VERSION} then
    raise exception 'the schema is of version %, and this millrace needs version ${VERSION}: update millrace', substr(said, 10) using errcode = 'MR001';
  end if;
end $body$;
`

const COMMENT = `
comment on table $.topic is 'millrace ${VERSION}';
`

/**
 * The tables and functions of the adapter. `$.` stands for the schema.
 *
 * Always true:
 * - the offsets of a partition of a log are dense, and a message with a smaller offset is committed earlier: the row of the partition
 *   is locked from the number until the commit. Offsets of a queue come from a sequence, and nobody waits for them;
 * - ids are stored, and partitions locked, in their order, so that no two publishers wait for each other;
 * - a message is in `message` until it is settled; a log has settled everything up to `floor`;
 * - a row of `once` without an owner is done, and is forgotten after `until`;
 * - new ids may delete twice as many that are older than a day, so that `known_id` holds those of about a day.
 */
const TABLES = `
create schema if not exists $;
create table if not exists $.topic (
  name text primary key,
  partitions int not null check (partitions >= 0)
);
create table if not exists $.partition (
  topic text not null, partition int not null, primary key (topic, partition),
  next bigint not null default 0, floor bigint not null default -1, sent bigint not null default -1,
  owner text, last_owner text, epoch bigint not null default 0, lease_until timestamptz not null default '-infinity',
  rounds int not null default 0, rounds_floor bigint not null default -2
);
create table if not exists $.member (
  topic text not null, member text not null, primary key (topic, member),
  seen timestamptz not null
);
create table if not exists $.message (
  topic text not null, partition int not null, "offset" bigint not null, primary key (topic, partition, "offset"),
  key text, value json not null, headers json not null, stored_at timestamptz not null default clock_timestamp(),
  attempt int not null default 0, holder text, visible_at timestamptz not null default '-infinity'
);
alter table $.message set (fillfactor = 50); -- a take writes its rows into the other half of their pages, and so no entries of the index
create table if not exists $.known_id (
  topic text not null, id text not null, primary key (topic, id),
  stored_at timestamptz not null default clock_timestamp()
);
create index if not exists known_id_age on $.known_id (stored_at);
create table if not exists $.once (
  id text primary key, owner text, lease_until timestamptz not null, until timestamptz not null
);
create index if not exists once_until on $.once (until);
create sequence if not exists $.queue_offset minvalue 0;
create or replace function $.forget_ids(most bigint) returns void language plpgsql as $body$
declare until timestamptz := clock_timestamp() - interval '1 day'; -- a call in the query would be compared with each row of the index
begin
  delete from $.known_id where ctid = any (array(select ctid from $.known_id where stored_at < until order by stored_at limit most for update skip locked));
end $body$;
create or replace function $.is_new(for_topic text, message_id text) returns boolean language plpgsql as $body$
declare is_new boolean;
begin
  insert into $.known_id (topic, id) values (for_topic, message_id) on conflict do nothing;
  is_new := found;
  if random() < 0.02 then perform $.forget_ids(100); end if;
  return is_new;
end $body$;
create or replace function $.once_claim(for_id text, claimant text, lease_ms float8, within_ms float8)
returns table (state text, is_unsure boolean, wait float8) language plpgsql as $body$
declare
  o $.once%rowtype; at timestamptz := clock_timestamp();
  lease_end timestamptz := at + least(lease_ms, 1e14) * interval '1 ms';
  ends timestamptz := at + least(greatest(lease_ms, within_ms), 1e14) * interval '1 ms';
begin
  loop
    insert into $.once (id, owner, lease_until, until) values (for_id, claimant, lease_end, ends) on conflict do nothing;
    if found then
      if random() < 0.02 then
        delete from $.once where ctid = any (array(select ctid from $.once q where q.until < at order by q.until limit 100 for update skip locked));
      end if;
      return query select 'claimed', false, 0::float8; return;
    end if;
    select * into o from $.once q where q.id = for_id for update;
    exit when found;
  end loop;
  at := clock_timestamp(); -- another may have had the row until now
  if o.until > at then
    if o.owner is null then return query select 'done', false, 0::float8; return; end if;
    if o.owner <> claimant and o.lease_until > at then
      return query select 'busy', false, extract(epoch from o.lease_until - at)::float8 * 1000; return;
    end if;
  end if;
  update $.once q set owner = claimant, lease_until = lease_end, until = ends where q.id = for_id;
  return query select 'claimed', o.until > at and o.owner <> claimant, 0::float8;
end $body$;
create or replace function $.refuse(topic_name text) returns void language plpgsql as $body$
begin
  raise exception 'there is no topic "%": plan(pool, { queue }) or plan(pool, { log }) creates it', topic_name using errcode = 'MR001';
end $body$;
create or replace function $.partition_of(key text, partitions int) returns int language sql as $body$
  select case when partitions = 0 then 0 when key is null then floor(random() * partitions)::int else (abs(hashtext(key)::bigint) % partitions)::int end
$body$;
create or replace function $.publish(topic_name text, message_key text, message_value json, message_headers json default '{}', message_id text default null)
returns bigint language plpgsql as $body$
declare parts int; part int := 0; place bigint;
begin
  select partitions into parts from $.topic where name = topic_name;
  if not found then perform $.refuse(topic_name); end if;
  if message_id is not null then
    if not $.is_new(topic_name, message_id) then return null; end if;
  end if;
  if parts = 0 then
    place := nextval('$.queue_offset');
  else
    part := $.partition_of(message_key, parts);
    update $.partition set next = next + 1 where topic = topic_name and partition = part returning next - 1 into place;
  end if;
  insert into $.message (topic, partition, "offset", key, value, headers) values (topic_name, part, place, message_key, message_value, message_headers);
  perform pg_notify('$', topic_name);
  return place;
end $body$;
create or replace function $.publish_all(all_topics text[], all_keys text[], all_values text[], all_headers text[], all_ids text[])
returns void language plpgsql as $body$
declare many bigint := cardinality(all_ids) - cardinality(array_positions(all_ids, null)); topics text[]; logs bigint;
begin
  topics := array(select distinct unnest(all_topics));
  perform $.refuse(given) from unnest(topics) given where not exists (select from $.topic where name = given);
  perform pg_notify('$', given) from unnest(topics) given;
  select count(*) into logs from $.topic where name = any (topics) and partitions > 0;
  if many = 0 and logs = 0 then
    insert into $.message (topic, partition, "offset", key, value, headers)
      select topic, 0, nextval('$.queue_offset'), key, value::json, headers::json from unnest(all_topics, all_keys, all_values, all_headers) as g (topic, key, value, headers);
    return;
  end if;
  with given as (
    select g.*, t.partitions, $.partition_of(g.key, t.partitions) as partition, row_number() over (partition by g.topic, g.id order by g.n) as nth
      from unnest(all_topics, all_keys, all_values, all_headers, all_ids) with ordinality as g (topic, key, value, headers, id, n)
      join $.topic t on t.name = g.topic),
  ids as (insert into $.known_id (topic, id) select topic, id from given where id is not null and nth = 1 order by topic, id
      on conflict do nothing returning topic, id),
  fresh as (select * from given g where id is null or nth = 1 and exists (select from ids i where i.topic = g.topic and i.id = g.id)),
  locked as (select p.topic, p.partition, f.many from $.partition p
      join (select topic, partition, count(*) as many from fresh where partitions > 0 group by topic, partition) f
        on f.topic = p.topic and f.partition = p.partition
      order by p.topic, p.partition for update of p),
  numbered as (update $.partition p set next = next + l.many from locked l where p.topic = l.topic and p.partition = l.partition
      returning p.topic, p.partition, p.next - l.many as first),
  placed as (select f.*, s.first + row_number() over (partition by f.topic, f.partition order by f.n) - 1 as place
      from fresh f left join numbered s on s.topic = f.topic and s.partition = f.partition order by f.n)
  insert into $.message (topic, partition, "offset", key, value, headers)
    select topic, partition, case when partitions = 0 then nextval('$.queue_offset') else place end, key, value::json, headers::json from placed;
  if random() < 0.02 * many then perform $.forget_ids(greatest(100, 2 * many)); end if;
end $body$;
create or replace function $.claim(topic_name text, part int, me text, claimant text, lease_ms float8)
returns table (floor bigint, rounds int, epoch bigint, continues boolean) language plpgsql as $body$
#variable_conflict use_column
declare p $.partition%rowtype; wanted text; goes_on boolean;
begin
  delete from $.member where topic = topic_name and seen < clock_timestamp() - interval '1 hour';
  insert into $.member values (topic_name, me, clock_timestamp()) on conflict on constraint member_pkey do update set seen = excluded.seen;
  wanted := $.preferred(topic_name, part, lease_ms);
  select * into p from $.partition q where q.topic = topic_name and q.partition = part for update;
  if p.owner is not null and p.owner <> claimant and p.lease_until > clock_timestamp() then return; end if;
  if wanted <> me then return; end if;
  goes_on := p.last_owner is not distinct from claimant;
  if not goes_on then
    p.rounds := case when p.floor <> p.rounds_floor then 1 when p.sent > p.floor then p.rounds + 1 else p.rounds end;
  end if;
  update $.partition q set owner = claimant, last_owner = claimant, epoch = p.epoch + 1, rounds = p.rounds, rounds_floor = p.floor, sent = p.floor,
    lease_until = clock_timestamp() + lease_ms * interval '1 ms' where q.topic = topic_name and q.partition = part;
  return query select p.floor, p.rounds, p.epoch + 1, goes_on;
end $body$;
create or replace function $.preferred(topic_name text, part int, lease_ms float8) returns text language sql as $body$
  with live as (select m.member, row_number() over (order by m.member) - 1 as n, count(*) over () as all_of_them
    from $.member m where m.topic = topic_name and m.seen > clock_timestamp() - lease_ms * interval '1 ms')
  select member from live where n = part % all_of_them
$body$;
`

/**
 * The statements that make the schema, or bring an older one up to date: in one query, and so one transaction, whose lock lets several
 * processes do so one after the other. A schema that is newer by then is left as it is, with an error of code MR001.
 */
export function tablesIn(schema: string): string {
  return [LOCK, TABLES, COMMENT]
    .join('')
    .replaceAll('$.', `"${schema}".`)
    .replaceAll('exists $;', `exists "${schema}";`)
    .replaceAll("'$'", `'${schema}'`)
}
