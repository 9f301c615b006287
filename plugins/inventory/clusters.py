"""The machines of stix's clusters as an inventory, from the record that `stix` keeps."""

DOCUMENTATION = r"""
name: clusters
short_description: The machines of clusters that stix made
description:
  - Reads the record of C(stix) on this machine and asks nobody else. C(stix status --refresh) brings it up to date.
  - Each cluster is a group of its name, with underscores for what may not be in a group's name (cluster C(dev-1) is
    group C(dev_1)). Where another group has that name, it is C(cluster_) and the cluster's id.
  - Further groups are C(stix_nodes) with C(stix_head) and C(stix_workers), the places (C(infra_aws),
    C(infra_aws_us_east_1), C(infra_ssh_rack)) and the accelerators (C(gpu_H100)).
  - Variables of a host are those that reach it (C(ansible_connection), C(ansible_host), C(ansible_user), ...) and
    C(stix_cluster), C(stix_cluster_id), C(stix_user), C(stix_cloud_role), C(stix_num_nodes), C(stix_infra),
    C(stix_status), C(stix_rank), C(stix_node_ip), C(stix_node_id), C(stix_node_state), C(stix_cpus), C(stix_memory)
    (GiB), C(stix_gpus) (name to count), C(stix_price_per_hour) (dollars for this node, null when it is not known),
    C(stix_autostop), and C(stix_deadline) (Unix seconds at which the lifetime ends, 0 is never).
  - The record knows nothing of jobs. M(stix.core.cluster_info) and M(stix.core.job_info) ask the clusters.
  - No variable is a secret. A password of a machine of your own stays in the pools file, from which it is read when
    Ansible connects.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [stix.core.clusters]
  home:
    description: The folder of C(stix).
    type: path
    default: ~/.stix
    env:
      - name: STIX_HOME
  clusters:
    description: Names of clusters or patterns; nodes of others are left out.
    type: list
    elements: str
    default: ["*"]
  states:
    description: Nodes that were last seen in one of these states.
    type: list
    elements: str
    choices: [pending, running, stopping, stopped]
    default: [running]
"""

EXAMPLES = r"""
# stix.yml: all machines that run. The file's name must end in stix.yml or stix.yaml.
plugin: stix.core.clusters

---
# train.stix.yml: those of some clusters, with groups and variables of your own
plugin: stix.core.clusters
clusters: ["train-*"]
keyed_groups:
  - key: stix_user
    prefix: owner
groups:
  dear: (stix_price_per_hour or 0) > 10
compose:
  ntp_server: "'10.0.0.1' if stix_cloud_role == 'ssh' else 'pool.ntp.org'"
"""

# ruff: noqa: E402 - documentation comes first
import os

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.stix.core.plugins.plugin_utils import cluster_records

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 all text is a template unless it is said to be none
    from ansible.utils.unsafe_proxy import wrap_var

    def trust_as_template(text):
        """Text that is to be evaluated."""
        return text
else:

    def wrap_var(text):
        """Text that is not to be evaluated."""
        return text


def literal(value):
    """A value whose text is not evaluated, but for our own expression of a password."""
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [literal(item) for item in value]
    if not isinstance(value, str):
        return value
    harmless = not any(mark in value for mark in ("{{", "{%", "{#"))  # and shown without a mark of Ansible's
    return trust_as_template(value) if harmless or value == cluster_records.PASSWORD_EXPRESSION else wrap_var(value)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Nodes by cluster, place, role and accelerator."""

    NAME = "stix.core.clusters"

    def verify_file(self, path):
        """Whether the file is for this plugin, by its name."""
        return super().verify_file(path) and path.endswith(("stix.yml", "stix.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        """Add the nodes that the record has."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        records = self._records(path, cache)
        groups = cluster_records.cluster_groups(records)
        for record in records:
            for node in sorted(record["nodes"], key=lambda node: node["rank"]):
                if node.get("state") in self.get_option("states") and node.get("connection"):
                    self._add(record, node, groups[record["name"]])

    def _records(self, path, cache):
        caching = self.get_option("cache")
        key = self.get_cache_key(path)
        if caching and cache and key in self._cache:
            return self._cache[key]
        home = self.get_option("home")
        if not os.path.exists(os.path.join(home, "state.db")):
            self.display.warning("stix has no record of clusters in %s" % home)
        try:
            records = cluster_records.read_records(home, self.get_option("clusters"))
        except ValueError as error:
            raise AnsibleParserError(str(error)) from error
        if caching:
            self._cache[key] = records
        return records

    def _add(self, record, node, cluster_group):
        host = self.inventory.add_host(node["name"])
        for line in [[cluster_group], *cluster_records.node_groups(record, node)]:
            for outer, inner in zip([None, *line], line, strict=False):
                self.inventory.add_group(inner)
                if outer:
                    self.inventory.add_child(outer, inner)
            self.inventory.add_child(line[-1], host)
        variables = cluster_records.host_vars(record, node)
        for name, value in variables.items():
            self.inventory.set_variable(host, name, literal(value))
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)
