"""Third-party clients against a running sandbox, with only their host names changed.

Called by run.sh once per client, each in its own environment (two of them share a package name).
Usage: try_clients.py <client> <connection as JSON, the line that the example `serve` prints>
"""

import json
import sys


def pypardotsf(connection):
    import requests
    from pypardot import client as module

    module.BASE_URI = connection["pardot_domain"]
    real = requests.post

    def post(url, *args, **kwargs):
        return real(url.replace("https://login.salesforce.com", connection["login_url"]), *args, **kwargs)

    requests.post = post
    pardot = module.PardotAPI(
        sf_consumer_key=connection["client_id"],
        sf_consumer_secret=connection["client_secret"],
        sf_refresh_token=connection["refresh_token"],
        business_unit_id=connection["business_unit"],
        version=4,
    )
    # This client knows code 184 by its whole text only and so misses the variable suffix.
    pardot.refresh_sf_token()
    prospect = pardot.prospects.create(email="py@example.com", first_name="Py")["prospect"]
    assert prospect["email"] == "py@example.com"
    assert pardot.prospects.read_by_email(email="py@example.com")["prospect"]["first_name"] == "Py"
    assert pardot.prospects.query(id_greater_than=prospect["id"] - 1)["prospect"][0]["id"] == prospect["id"]
    rows = {"prospects": [{"id": prospect["id"], "city": "Bonn"}, {"email": "bademail"}]}
    pardot.prospects.batchUpsert(prospects=json.dumps(rows))
    assert pardot.prospects.read_by_id(id=prospect["id"])["prospect"]["city"] == "Bonn"
    created = pardot.lists.create(name="Clients")["list"]
    member = {"list_id": created["id"], "prospect_id": prospect["id"]}
    assert pardot.listmemberships.create(**member)["list_membership"]["opted_out"] is False
    try:
        pardot.listmemberships.create(**member)
        raise AssertionError("code 58 expected")
    except module.PardotAPIError as refusal:
        assert refusal.err_code == 58, refusal
    assert pardot.listmemberships.query(list_id=created["id"])["total_results"] == 1
    assert pardot.customfields.query()["total_results"] == 0


def pypardot4(connection):
    from pypardot import client as module

    # Published with the login of old keys only, which Pardot refuses since 2021; so does the sandbox.
    module.BASE_URI = connection["pardot_domain"]
    pardot = module.PardotAPI("api@example.com", "password", "key")
    assert pardot.authenticate() is False
    try:
        pardot.prospects.create(email="old@example.com")
        raise AssertionError("a refusal expected")
    except module.PardotAPIError as refusal:
        assert refusal.err_code in (126, 184, 199), refusal


def tap_pardot(connection):
    from tap_pardot import client as module

    module.ENDPOINT_BASE = connection["pardot_domain"] + "/api/"
    module.REFRESH_URL = connection["login_url"] + "/services/oauth2/token"
    tap = module.Client({**connection, "pardot_business_unit_id": connection["business_unit"]})
    result = tap.get("prospect", id_greater_than=0, sort_by="id", sort_order="ascending")["result"]
    assert "total_results" not in result, result
    tap.creds["access_token"] = "stale"
    assert "result" in tap.get("list", id_greater_than=0)


name, connection = sys.argv[1], json.loads(sys.argv[2])
{"PyPardotSF": pypardotsf, "pypardot4": pypardot4, "tap-pardot": tap_pardot}[name](connection)
print(name, "works" if name != "pypardot4" else "is refused as by Pardot")
