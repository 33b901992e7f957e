"""Plugins: which ones a project names or installed packages announce, their import, and what is said where it fails."""

from specnet.plugin_loading.discovery import Plugin as Plugin
from specnet.plugin_loading.importing import import_object as import_object
from specnet.plugin_loading.loading import find_plugin as find_plugin
from specnet.plugin_loading.loading import importing_plugins as importing_plugins
from specnet.plugin_loading.loading import list_plugins as list_plugins
from specnet.plugin_loading.loading import list_refused as list_refused
from specnet.plugin_loading.loading import load_for_run as load_for_run
from specnet.plugin_loading.loading import load_for_spec as load_for_spec
from specnet.plugin_loading.loading import load_named as load_named
from specnet.plugin_loading.loading import refusing_plugins as refusing_plugins
