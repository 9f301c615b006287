-- facts: what happened, append only. The other tables can be rebuilt from it (clusters) or by looking again (hosts, infras, skips).
create table if not exists facts (
    id integer primary key,
    at real not null,                 -- Unix seconds
    run_id text not null default '',
    cluster text not null,            -- name
    cluster_id text not null,
    kind text not null,               -- see stix.model.cluster.after
    data text not null                -- JSON
);
create index if not exists facts_by_cluster on facts (cluster, id);
create table if not exists clusters (
    name text primary key,
    cluster_id text not null,
    record text not null              -- JSON, stix.model.cluster.Cluster
);
create table if not exists runs (
    id text primary key,
    cluster text not null,
    verb text not null,
    started_at real not null,
    ended_at real,
    ok integer,
    error text                        -- JSON record
);
create index if not exists runs_by_start on runs (started_at);
create table if not exists events (   -- what others are told (stix.model.event_kinds); follows from facts and from looks at jobs
    id integer primary key,
    at real not null,                 -- Unix seconds
    kind text not null,
    cluster text not null,
    cluster_id text not null,
    run_id text not null,
    data text not null                -- JSON
);
create index if not exists events_by_cluster on events (cluster_id, id);
create table if not exists hosts (
    pool text not null,
    name text not null,
    address text not null,
    state text not null,              -- ready, unreachable
    facts text not null,              -- JSON: cpus, memory (GiB), gpus, message
    connection text not null,         -- JSON: Ansible host variables
    seen_at real not null,
    primary key (pool, name)
);
create table if not exists buckets (
    name text not null,
    store text not null,              -- S3, GCS, ...
    region text not null,
    account text not null,
    cluster text not null,            -- whose task made it
    persistent integer not null,
    made_at real not null,
    used_at real not null,
    primary key (name, store)
);
create table if not exists volumes (
    name text primary key,
    record text not null,             -- JSON: type, infra, size, labels, config, existing, resource, id, ours, cluster, pending, holder
    made_at real not null,
    used_at real not null
);
create table if not exists infras (
    infra text primary key,           -- docker, docker/<context>
    ok integer not null,
    account text not null,
    facts text not null,              -- JSON: cpus, memory (GiB), gpus
    checked_at real not null
);
create table if not exists skips (    -- stix.model.skip.Skip: places that had nothing a short while ago
    infra text not null,
    name text not null,
    spot integer not null,
    code text not null,
    reason text not null,
    at real not null,                 -- Unix seconds
    until real,                       -- null: does not expire by itself
    primary key (infra, name, spot)
);
