"""The command line speaks the terminal's language, and English where it is none of ours."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def greenoffice(*words, **environment):
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "greenoffice", *words],
        env={**kept, "PYTHONUTF8": "1", "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("environment", [{}, {"LANG": "de_DE.UTF-8"}, {"LC_ALL": "C"}])
def test_english_unless_the_terminal_says_otherwise(environment):
    told = greenoffice("up", "nowhere", **environment)
    assert told.stderr.startswith("greenoffice: no settings file (file = ")
    assert told.returncode == 78


def test_an_error_in_chinese():
    told = greenoffice("up", "nowhere", LANG="zh_CN.UTF-8")
    assert told.stderr.startswith("greenoffice: 没有设置文件 (file = ")
    assert "- 请先创建数据文件夹：greenoffice init " in told.stderr
    assert told.returncode == 78


def test_problems_of_files_in_chinese(tmp_path):
    assert greenoffice("init", str(tmp_path / "data")).returncode == 0
    told = greenoffice("gateway", "add", str(tmp_path / "data"), "campus", LANG="zh_CN.UTF-8")
    first, *problems, fix = told.stderr.splitlines()
    assert first == f"greenoffice: 发现 {len(problems)} 个问题，未导入任何内容："
    assert problems[0].startswith("gateways.csv:2: code = '': 不是编码 - 1 至 64 个字符")
    assert not any(english in told.stderr for english in ("not a code", "import again"))
    assert fix.startswith("请改正所列问题")


def test_help_in_chinese():
    told = greenoffice("report", "--help", LC_ALL="zh_CN.UTF-8")
    for chinese in ("出具机构的能源月报", "机构编码", "参数", "选项"):
        assert chinese in told.stdout
    assert "code of the institution" not in told.stdout
    assert told.returncode == 0


def test_a_page_of_help_is_chinese_but_for_names():
    told = greenoffice("report", "--help", LANG="zh_CN.UTF-8").stdout
    assert "显示此说明并退出。" in told
    assert "［必填］" in told
    assert "［默认：pdf］" in told
    assert not {"[default", "[required]", "Show this"} & set(told.split())
    english = greenoffice("report", "--help").stdout
    assert "Show this message and exit." in english


WRONG_CALLS = {
    ("nope",): "没有命令 'nope'。是否指 'reopen'？",
    ("zzz",): "没有命令 'zzz'。",
    ("init",): "缺少参数 'data'。",
    ("init", "x", "y"): "多余的参数：y",
    ("init", "x", "-z"): "没有选项 -z",
    ("init", "x", "--http-port"): "选项 '--http-port' 需要一个值。",
    ("init", "x", "--http-port", "many"): "'--http-port' 的值无效：应为整数",
    ("rebook", "x"): "缺少选项 '--reason'。",
    ("report", "a", "b", "--issue", "0"): "'--issue' 的值无效：应不小于 1",
    ("report", "a", "--isue"): "没有选项 --isue（可能是：--issue, --new-issue）",
    ("report", "a", "--provisional=3"): "选项 '--provisional' 不带值。",
    ("backups", "x", "--hours", "many"): "'--hours' 的值无效：应为数值",
    (
        "gateway",
        "try-national",
        "x",
        "g",
        "--reports",
        "1001",
    ): "'--reports' 的值无效：应不大于 1000",
}
"""Calls that the library refuses, and all that it says of each."""


@pytest.mark.parametrize("words", WRONG_CALLS)
def test_a_wrong_call_is_told_in_chinese(words):
    told = greenoffice(*words, LANG="zh_CN.UTF-8", NO_COLOR="1")
    usage, *_, told_line, _ = told.stderr.splitlines()
    assert told.returncode == 2
    assert told_line.strip("│ ") == WRONG_CALLS[words]
    assert usage.startswith(("用法：greenoffice ", "╭─ 错误 ─"))
    assert not any(one in told.stderr for one in ("Usage", "OPTIONS", "ARGS", "Try ", "Error"))


def test_a_wrong_call_is_told_in_english_elsewhere():
    told = greenoffice("report", "a", "--isue", NO_COLOR="1").stderr
    assert told.startswith("Usage: greenoffice report [OPTIONS]")
    assert "No such option: --isue (Possible options: --issue, --new-issue)" in told
