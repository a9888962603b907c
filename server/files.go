package server

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mockpay/mockpay/provider"
	"github.com/mockpay/mockpay/scenarios"
	"github.com/mockpay/mockpay/workspace"
)

// files are those that the server's scenarios come from. After the start they
// belong to the watcher.
type files struct {
	registry *workspace.Registry
	language *scenarios.Language
	log      *slog.Logger
	seed     *int64 // of the default workspace

	folder string // "": one file, of the default workspace
	all    []*file
}

// A file is the scenario of a workspace.
type file struct {
	path      string
	workspace string
	sources   scenarios.Sources   // as they were read last; nil: not yet
	scenario  *scenarios.Scenario // the last one without mistakes
}

// loadScenarios makes the default workspace and, of a folder, one workspace per
// file in it, named by it.
func (s *Server) loadScenarios() error {
	if scenarios.IsShipped(s.Scenario) {
		return s.loadShipped(s.Scenario)
	}
	f := &files{registry: s.registry, language: s.language, log: s.Log, seed: s.Seed}
	if info, err := os.Stat(s.Scenario); err == nil && info.IsDir() {
		f.folder = s.Scenario
	}
	if err := f.load(s.Scenario); err != nil {
		return scenarioError(err)
	}
	for _, of := range f.all {
		if err := f.create(of); err != nil {
			return createError(err)
		}
	}
	s.files = f
	if slices.ContainsFunc(f.all, func(of *file) bool { return of.workspace == workspace.Default }) {
		return nil
	}
	return s.loadShipped(scenarios.Default)
}

func (s *Server) loadShipped(name string) error {
	scenario, err := s.language.Shipped(name)
	if err != nil {
		return err
	}
	_, err = s.registry.Create(workspace.Spec{ID: workspace.Default, Scenario: scenario, Seed: s.Seed})
	return err
}

// scenarioError marks what is wrong with the option and not with a file.
func scenarioError(err error) error {
	var mistakes scenarios.Mistakes
	if errors.As(err, &mistakes) {
		return err
	}
	return fmt.Errorf("%w: scenario: %w", ErrOption, err)
}

// createError marks what a scenario asks for and may not have as a mistake of
// the option.
func createError(err error) error {
	if errors.Is(err, workspace.ErrID) || errors.Is(err, workspace.ErrTaken) || errors.Is(err, workspace.ErrEndpoint) {
		return scenarioError(err)
	}
	return err
}

// load reads all files. If some have mistakes, the error holds those of all.
func (f *files) load(ref string) error {
	if f.folder == "" {
		if err := f.language.CheckFile(ref); err != nil {
			return err
		}
		f.all = []*file{{path: ref, workspace: workspace.Default}}
	} else if err := f.list(); err != nil {
		return err
	}
	var all scenarios.Mistakes
	for _, of := range f.all {
		var mistakes scenarios.Mistakes
		switch err := f.read(of); {
		case errors.As(err, &mistakes):
			all = all.And(mistakes)
		case err != nil:
			return err
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// list finds the files of the folder. Those that were there before stay in the
// list, also if they are gone.
func (f *files) list() error {
	paths, err := scenarios.FilesIn(f.folder)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if !slices.ContainsFunc(f.all, func(of *file) bool { return of.path == path }) {
			id := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			f.all = append(f.all, &file{path: path, workspace: id})
		}
	}
	return nil
}

// read reads the scenario of a file.
func (f *files) read(of *file) error {
	s, sources, err := f.language.LoadSources(of.path)
	of.sources = sources
	if wrong := f.checkName(of); wrong != "" && !errors.Is(err, fs.ErrNotExist) {
		return scenarios.Mistakes{{File: of.path, Line: 1, Column: 1, Message: wrong}}
	}
	if err == nil {
		of.scenario = s
	}
	return err
}

// checkName says why no workspace can be named by a file, "" if one can.
func (f *files) checkName(of *file) string {
	if f.folder == "" {
		return ""
	}
	if err := workspace.CheckID(of.workspace); err != nil {
		return fmt.Sprintf("the file names a workspace, and %s", err)
	}
	for _, other := range f.all {
		if other == of {
			return ""
		}
		if _, err := os.Stat(other.path); err == nil && other.workspace == of.workspace {
			return fmt.Sprintf("workspace %q has a file already, %s", of.workspace, other.path)
		}
	}
	return ""
}

// create makes the workspace of a file. What its scenario asks for and may not
// have is told with the file.
func (f *files) create(of *file) error {
	spec := workspace.Spec{ID: of.workspace, Scenario: of.scenario}
	if of.workspace == workspace.Default {
		spec.Seed = f.seed
	}
	_, err := f.registry.Create(spec)
	if err != nil {
		return fmt.Errorf("%s: %w", of.path, err)
	}
	return nil
}

// folders are where a change may concern a scenario.
func (f *files) folders() (all []string) {
	if f.folder != "" {
		folder := filepath.Clean(f.folder)
		all = append(all, folder, filepath.Dir(folder)) // it may be replaced as a whole
	}
	for _, of := range f.all {
		all = append(all, of.sources.Folders()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reload takes what has changed in the files.
func (f *files) reload() {
	if f.folder != "" {
		if err := f.list(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.log.Error("the folder of scenarios cannot be read", "folder", f.folder, "error", err)
		}
	}
	for _, of := range f.all {
		if of.sources == nil || of.sources.Changed() {
			f.reloadFile(of)
		}
	}
}

// reloadFile puts the rules of a changed file in force. One with mistakes
// changes nothing but what is told of it.
func (f *files) reloadFile(of *file) {
	before := of.scenario
	err := f.read(of)
	if err == nil {
		err = f.apply(of, before)
	}
	var mistakes scenarios.Mistakes
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.log.Info("a scenario file is gone; its workspace stays", "workspace", of.workspace, "file", of.path)
		err = nil
	case errors.As(err, &mistakes):
		for _, m := range mistakes {
			f.log.Error("a scenario file has a mistake and is not taken: "+m.String(), "workspace", of.workspace)
		}
	case err != nil:
		f.log.Error("a scenario file is not taken", "workspace", of.workspace, "file", of.path, "error", err)
	}
	if w, missing := f.registry.Get(of.workspace); missing == nil {
		w.SetReloadError(err)
	}
}

// apply gives the workspace of a file the rules that it has now, or makes it.
func (f *files) apply(of *file, before *scenarios.Scenario) error {
	w, err := f.registry.Get(of.workspace)
	if errors.Is(err, workspace.ErrUnknown) {
		if err = f.create(of); err == nil {
			f.log.Info("a scenario file has made a workspace", "workspace", of.workspace, "file", of.path)
		}
		return err
	}
	if err != nil {
		return err
	}
	was := w.Scenario()
	if err := w.ReplaceRules(of.scenario); err != nil {
		return err
	}
	changed := scenarios.Compare(was, of.scenario)
	f.log.Info("a scenario file is reloaded", "workspace", of.workspace, "file", of.path,
		"rules_before", len(was.Rules), "rules_after", len(of.scenario.Rules), "added", changed.Added, "removed", changed.Removed)
	if before != nil && !sameSetup(before, of.scenario) {
		f.log.Warn("settings, clock and seed stay as they were when the workspace began; mockpay scenario load takes them, and begins anew",
			"workspace", of.workspace, "file", of.path)
	}
	return nil
}

// sameSetup tells whether two scenarios begin a workspace alike.
func sameSetup(a, b *scenarios.Scenario) bool {
	setup := func(s *scenarios.Scenario) string {
		return string(provider.Encode([]any{s.Seed, s.Clock, s.Settings}))
	}
	return setup(a) == setup(b)
}
