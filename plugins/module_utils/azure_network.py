"""What stands around machines: the network, the firewall group with its ports, addresses and interfaces."""

from ansible_collections.stix.core.plugins.module_utils.failure import Failure

RANGE = "10.79.0.0/16"
SUBNET, GROUP, PORTS = "nodes", "stix", "stix-ports"
"""Names of the subnet, of firewall group and network, and of the rule that opens ports, in a cluster's own group."""


def port_ranges(ports):
    """`8080` and `9000-9010` as Azure writes them, sorted, each once."""
    found = set()
    for port in ports or []:
        first, _, last = str(port).partition("-")
        found.add((int(first), int(last or first)))
    return ["%d" % first if first == last else "%d-%d" % (first, last) for first, last in sorted(found)]


def rule(name, ports, priority):
    """A rule that lets everybody in at some ports."""
    about = {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": priority}
    about |= {"sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*"}
    return {"name": name, "properties": {**about, "destinationPortRanges": ports}}


def by_region(value, region):
    """A setting, or, when it is a map, what it has for a region."""
    return (value.get(region) or "") if isinstance(value, dict) else value or ""


class Network:
    """The network of one cluster: its own, or one that the settings name.

    Args:
        api: Resource Manager.
        base: path of the cluster's resource group.
        names: names of what is made there, `{"group": ..., "network": ...}`.
        tags: tags of all that is made.
        config: the option `config` of the module azure_machines.
    """

    def __init__(self, api, base, names, tags, config):
        self.api = api
        self.config = config
        self.tags = tags
        self.own = base + "/providers/Microsoft.Network/"
        self.firewall = self.own + "networkSecurityGroups/" + names["group"]
        self.network = self.own + "virtualNetworks/" + names["network"]
        self.named_firewall = by_region(config.get("security_group_name"), api.region)
        self.named_network = by_region(config.get("vnet_name") or config.get("vpc_name"), api.region)

    def open_ports(self):
        """Ports of the cluster's firewall group that are open to everybody; None when there is no group."""
        found = self.api.get(self.firewall)
        if found is None:
            return None
        for one in found["properties"].get("securityRules") or []:
            if one["name"] == PORTS:
                about = one["properties"]
                return port_ranges(about.get("destinationPortRanges") or [about.get("destinationPortRange")])
        return []

    def open(self, ports, have):
        """Opens these ports and closes the others; rules that somebody added stay."""
        path = "%s/securityRules/%s" % (self.firewall, PORTS)
        if ports == (have or []):
            return
        if ports:
            self.api.put(path, {"properties": rule(PORTS, ports, 1100)["properties"]})
        else:
            self.api.delete(path)

    def check_ports(self, ports):
        """Raises `provision.unsupported` when ports would have to be opened in a firewall group that is not ours."""
        if ports and self.named_firewall:
            raise Failure(
                "provision.unsupported",
                "Ports are not opened in the firewall group '%s', which is not made by stix" % self.named_firewall,
                "Open them there and leave `ports` out, or leave config azure.security_group_name out.",
                {"scope": "cloud"},
            )

    def have(self, ports):
        """`(subnet id, firewall group id)`; made when they are the cluster's own."""
        self.check_ports(ports)
        done = self.api.together(lambda make: make(), [self._subnet, lambda: self._firewall(ports)])
        return done[0], done[1]

    def _subnet(self):
        if self.named_network:
            return self._named_subnet()
        addresses = by_region(self.config.get("vnet_range"), self.api.region) or RANGE
        place = {"addressSpace": {"addressPrefixes": [addresses]}}
        subnets = [{"name": SUBNET, "properties": {"addressPrefix": addresses}}]
        if self.api.get(self.network) is None:
            self._put(self.network, {**place, "subnets": subnets})
        return "%s/subnets/%s" % (self.network, SUBNET)

    def _named_subnet(self):
        """A subnet of the network that the settings name: by its id, as group/name, or by its name."""
        wanted = self.named_network
        if wanted.lower().startswith("/subscriptions/"):
            found = [self.api.get(wanted)]
        elif "/" in wanted:
            group, _, name = wanted.partition("/")
            place = "%s/resourceGroups/%s/providers/Microsoft.Network/virtualNetworks/%s" % (self.api.root, group, name)
            found = [self.api.get(place)]
        else:
            every = self.api.every(self.api.root + "/providers/Microsoft.Network/virtualNetworks")
            found = [one for one in every if one["name"] == wanted and one["location"] == self.api.region]
        subnets = [each for one in found if one for each in one["properties"].get("subnets") or []]
        name = by_region(self.config.get("subnet_name"), self.api.region)
        chosen = [each for each in subnets if not name or each["name"] == name]
        if not chosen:
            words = "Azure %s has no network '%s'" % (self.api.region, wanted)
            words += " with a subnet '%s'" % name if name else ""
            hint = "Name one by config azure.vnet_name: a name, group/name or an id; and azure.subnet_name."
            raise Failure("provision.config", words, hint, {"scope": "region", "region": self.api.region})
        return chosen[0]["id"]

    def _firewall(self, ports):
        wanted = self.named_firewall
        if wanted:
            every = self.api.every(self.api.root + "/providers/Microsoft.Network/networkSecurityGroups")
            found = [one["id"] for one in every if wanted.lower() in (one["name"].lower(), one["id"].lower())]
            if not found:
                words = "Azure has no network security group '%s'" % wanted
                raise Failure(
                    "provision.config",
                    words,
                    "Make it, or leave config azure.security_group_name out.",
                    {"scope": "region"},
                )
            return found[0]
        have = self.open_ports()
        if have is None:
            rules = [rule("ssh", ["22"], 1000)] + ([rule(PORTS, ports, 1100)] if ports else [])
            self._put(self.firewall, {"securityRules": rules})
        else:
            self.open(ports, have)
        return self.firewall

    def interface(self, name, subnet, firewall, tags, fast):
        """Id of a network interface with its addresses; made, or made right."""
        setting = {"subnet": {"id": subnet}, "privateIPAllocationMethod": "Dynamic"}
        if not self.config.get("use_internal_ips"):
            address = self.own + "publicIPAddresses/" + name
            about = {"location": self.api.region, "sku": {"name": "Standard"}, "tags": tags}
            self.api.put(
                address, {**about, "properties": {"publicIPAllocationMethod": "Static", "deleteOption": "Delete"}}
            )
            setting["publicIPAddress"] = {"id": address, "properties": {"deleteOption": "Delete"}}
        path = self.own + "networkInterfaces/" + name
        about = {"networkSecurityGroup": {"id": firewall}, "enableAcceleratedNetworking": fast}
        about["ipConfigurations"] = [{"name": "main", "properties": setting}]
        self.api.put(path, {"location": self.api.region, "tags": tags, "properties": about})
        return path

    def _put(self, path, properties):
        self.api.put(path, {"location": self.api.region, "tags": self.tags, "properties": properties})
