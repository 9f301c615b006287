"""Documentation of an action plugin."""

DOCUMENTATION = r"""
module: bucket
short_description: Buckets of object stores
description:
  - Finds, makes, fills and deletes buckets with rclone, on the controller. What an ignore file of a folder leaves out
    is not sent; what is there already as it is here is not sent again.
version_added: 0.1.0
author: The stix authors (@stix-cloud)
options:
  state:
    description:
      - C(query) only says which are absent; C(made) makes those; C(present) makes and fills; C(absent) deletes with
        all that is in them.
    type: str
    choices: [query, made, present, absent]
    required: true
  buckets:
    description:
      - The buckets, each C(store) (as in M(stix.core.bucket_mounts)), C(bucket), C(address) and, as wanted, C(path),
        C(region), C(account) and C(sources), files and folders of the controller.
    type: list
    elements: dict
    required: true
  settings:
    description: Settings by store, as in M(stix.core.bucket_mounts).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Have a bucket with the data
  stix.core.bucket:
    state: present
    buckets:
      - {store: R2, bucket: my-data, address: "r2://my-data", sources: [./data]}
"""

RETURN = r"""
absent:
  description: Those of the buckets that are not there.
  type: list
  elements: dict
  returned: success
stix_event:
  description: The fact that is reported, C(kind) and C(data).
  type: dict
  returned: when there is something to report
stix_error:
  description: What went wrong, C(code), C(message), C(hint), C(retryable) and C(details).
  type: dict
  returned: failure
"""
