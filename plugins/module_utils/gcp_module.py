"""What the modules of Google Cloud share: their settings, and how they end."""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.failure import Failure
from ansible_collections.stix.core.plugins.module_utils.gcp_api import Api
from ansible_collections.stix.core.plugins.module_utils.gcp_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.gcp_session import open_session

SETTINGS = frozenset(
    "project_id vpc_name subnet_names use_internal_ips ssh_proxy_command firewall enable_gvnic service_account "
    "ssh_user block_project_ssh_keys metadata labels spot_interruption specific_reservations "
    "managed_instance_group placement_policy os_login".split()
)
"""Keys of the option `config`."""


class GcpModule(AnsibleModule):
    """Fails with a `stix_error`, whatever happens."""

    def run(self, answer):
        """Ends with what a function answers, given the API."""
        region = self.params["region"]
        try:
            self.exit_json(**answer(self._api(region)))
        except Failure as failure:
            self.fail_json(msg=failure.message, stix_error=failure.record())
        except Exception as error:
            failure = classify_exception(error, region=region)
            self.fail_json(msg=failure.message, stix_error=failure.record())

    def _api(self, region):
        config = self.params["config"]
        unknown = sorted(set(config) - SETTINGS)
        if unknown:
            hint = "Known are: %s." % ", ".join(sorted(SETTINGS))
            raise Failure("provision.config", "Google Cloud has no setting '%s'" % unknown[0], hint, {"scope": "cloud"})
        session, project, self.who = open_session(config)
        require_project(self.params.get("account"), project)
        internal = bool(config.get("use_internal_ips"))
        return Api(session, project, region, self.params["wait_seconds"], internal)


def require_project(account, project):
    """Makes sure that the project is the one that machines are in: in another one nothing would be found.

    Raises:
        Failure: `provision.auth`, it is another one.
    """
    if account and account != project:
        raise Failure(
            "provision.auth",
            "The machines are in the project %s of Google Cloud, but %s is chosen" % (account, project),
            "Set GOOGLE_CLOUD_PROJECT, or config gcp.project_id, to %s." % account,
            {"scope": "cloud"},
        )
