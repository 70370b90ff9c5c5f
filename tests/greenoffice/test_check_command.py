"""`greenoffice check` over a data folder, running or not."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from greenoffice.cli import app

FILES = {
    "tree.csv": "code,parent,type,zone\nbureau,,institution,Asia/Shanghai\nsite,bureau,site,\n"
    "house,site,building,\n",
    "gateways.csv": "site,code\nsite,gw\n",
    "meters.csv": "code,node,item\nwhole,house,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\nsite/gw,E1,register,kWh,whole\n",
}


def test_a_new_office_is_told_what_it_lacks_in_both_languages(tmp_path):
    data, files = tmp_path / "data", tmp_path / "files"
    files.mkdir()
    for name, text in FILES.items():
        (files / name).write_text(text, encoding="utf-8")
    run = CliRunner()
    assert run.invoke(app, ["init", str(data)]).exit_code == 0
    made = run.invoke(app, ["registry", "import", "--data", str(data), str(files)])
    assert made.exit_code == 0, made.output
    told = run.invoke(app, ["check", str(data)], env={"LANG": "zh_CN.UTF-8", "LC_ALL": ""})
    assert "缺少碳排放因子" in told.output, told.output
    asked = run.invoke(app, ["check", "--json", str(data)])
    checks = {one["check"]: one for one in map(json.loads, asked.stdout.splitlines())}
    assert "looking at the latest readings of 1 points" in asked.stderr
    assert checks["no_tariff"]["repairs"][0]["code"] == "house"
    assert checks["gateway_never_heard"]["state"] == "repair"
    assert checks["slower_than_step"]["state"] == "not_checked"
    wrong = [one for one in checks.values() if one["repairs"] and one["severity"] == "wrong"]
    assert asked.exit_code == int(bool(wrong)), [one["check"] for one in wrong]
