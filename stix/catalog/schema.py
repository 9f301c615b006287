"""The tables of a catalog database; `stix.catalog.build` says which files there are, and writes them."""

VERSION = "1"
"""Of the schema; a database of another version is not read."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY, cloud TEXT NOT NULL, name TEXT NOT NULL,
    as_of TEXT NOT NULL, spot_as_of TEXT NOT NULL);
CREATE TABLE region (id INTEGER PRIMARY KEY, cloud TEXT NOT NULL, name TEXT NOT NULL);
CREATE TABLE zones (id INTEGER PRIMARY KEY, names TEXT NOT NULL);
CREATE TABLE machine (
    id INTEGER PRIMARY KEY, cloud TEXT NOT NULL, name TEXT NOT NULL, cpus REAL, memory REAL,
    accelerator TEXT, count REAL, device_memory REAL, arch TEXT,
    disk_count INTEGER, disk_gib REAL, disk_kind TEXT,
    attached INTEGER NOT NULL, usual INTEGER NOT NULL,
    least_price REAL, least_spot REAL);
CREATE TABLE offer (
    machine INTEGER NOT NULL, region INTEGER NOT NULL, zones INTEGER NOT NULL,
    price REAL, spot REAL, basis TEXT NOT NULL, source INTEGER NOT NULL,
    PRIMARY KEY (machine, region, zones)) WITHOUT ROWID;
CREATE TABLE accelerator (name TEXT PRIMARY KEY, vendor TEXT, memory REAL, fp16_tflops REAL) WITHOUT ROWID;
CREATE TABLE alias (alias TEXT PRIMARY KEY COLLATE NOCASE, name TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX machine_by_name ON machine (name);
CREATE INDEX machine_by_accelerator ON machine (accelerator, count) WHERE accelerator IS NOT NULL;
"""
