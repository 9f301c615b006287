"""What the modules of Azure share: how they reach Resource Manager, and how they end."""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.stix.core.plugins.module_utils.azure_api import Api
from ansible_collections.stix.core.plugins.module_utils.azure_errors import classify_exception
from ansible_collections.stix.core.plugins.module_utils.azure_login import Login, environment
from ansible_collections.stix.core.plugins.module_utils.azure_rest import Rest
from ansible_collections.stix.core.plugins.module_utils.failure import Failure


class AzureModule(AnsibleModule):
    """Fails with a `stix_error`, whatever happens."""

    def run(self, answer):
        """Ends with what a function answers, given the module."""
        try:
            self.exit_json(**answer(self))
        except Failure as failure:
            self.fail_json(msg=failure.message, stix_error=failure.record())
        except Exception as error:
            failure = classify_exception(error, region=self.params["region"])
            self.fail_json(msg=failure.message, stix_error=failure.record())

    def login(self):
        """The user's login; nothing is asked yet."""
        environ = environment()
        return Login(Rest(environ), environ, self.params["config"])

    def api(self, login):
        """Resource Manager, in the module's region."""
        return Api(login.rest, login, self.params["account"], self.params["region"], self.params["wait_seconds"])
