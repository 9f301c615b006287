"""What an agent runs so that its own machine costs nothing: a guest that shuts itself down stays billed on Azure.

The machine asks its metadata service for a token of its managed identity and lets Resource Manager deallocate or delete
it. Where the identity may not, it shuts down as everywhere else; a sweeper then has to do the rest.
"""

SCRIPT = r"""
import json, subprocess, sys, urllib.parse, urllib.request
verb, identity, metadata, manager = sys.argv[1:5]
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def ask(opener, url, method="GET", **headers):
    request = urllib.request.Request(url, method=method, headers=headers, data=b"" if method == "POST" else None)
    return opener.open(request, timeout=30).read().decode()
try:
    place = metadata + "/instance/compute/resourceId?api-version=2021-02-01&format=text"
    resource = ask(direct, place, Metadata="true")
    query = {"api-version": "2018-02-01", "resource": manager + "/"}
    if identity:
        query["msi_res_id"] = identity
    told = ask(direct, metadata + "/identity/oauth2/token?" + urllib.parse.urlencode(query), Metadata="true")
    bearer = "Bearer " + json.loads(told)["access_token"]
    url = manager + resource + ("/deallocate" if verb == "deallocate" else "") + "?api-version=2024-07-01"
    ask(urllib.request.build_opener(), url, "POST" if verb == "deallocate" else "DELETE", Authorization=bearer)
except Exception as error:
    print("stix: this machine may not %s itself: %s" % (verb, error), file=sys.stderr)
    subprocess.call(["sudo", "-n", "shutdown", "-h", "now"])
"""


def release_command(verb, identity, metadata="http://169.254.169.254/metadata", manager="https://management.azure.com"):
    """The words of the command.

    Args:
        verb: `deallocate` or `delete`.
        identity: `system`, or the resource id of a user-assigned identity.
    """
    return ["python3", "-c", SCRIPT, verb, "" if identity == "system" else identity, metadata, manager]
