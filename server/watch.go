package server

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

// How long files must be left alone before they are read, and how long at most
// that is waited for. Who saves a file writes it in several steps.
const (
	quietFor    = 100 * time.Millisecond
	quietAtMost = time.Second
)

// A watcher calls when something happens in folders. It watches folders and not
// files, because editors put a new file in the place of the old one.
type watcher struct {
	log     *slog.Logger
	notify  *fsnotify.Watcher
	folders func() []string // to be watched, as it stands
	changed func()
	watched map[string]bool // folders
	warned  bool            // that one cannot be
	done    chan struct{}
}

// watch has scenario files reloaded when they change, until the server stops.
// Where the system cannot tell of changes, that is logged and nothing else.
func (s *Server) watch() {
	if s.files == nil {
		return
	}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		s.Log.Warn("scenario files are not watched", "error", err)
		return
	}
	s.watcher = &watcher{log: s.Log, notify: notify, folders: s.files.folders, changed: s.files.reload, done: make(chan struct{})}
	s.watcher.add()
	go s.watcher.run(s.running)
}

// stop waits until the watcher has ended, which it does when its context has.
func (w *watcher) stop() {
	if w != nil {
		<-w.done
	}
}

// run calls changed when there was something and then nothing for a while.
func (w *watcher) run(ctx context.Context) {
	defer close(w.done)
	defer w.notify.Close()
	quiet, late := time.NewTimer(quietFor), time.NewTimer(quietAtMost) // what came between the load and the watch
	waiting := true
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-w.notify.Events:
			if !open {
				return
			}
		case err, open := <-w.notify.Errors:
			if !open {
				return
			}
			w.log.Warn("watch scenario files", "error", err) // some events are lost: look
		case <-quiet.C:
			waiting = w.look(waiting)
			continue
		case <-late.C:
			waiting = w.look(waiting)
			continue
		}
		quiet.Reset(quietFor)
		if !waiting {
			waiting = true
			late.Reset(quietAtMost)
		}
	}
}

// look tells of changes, if something happened. Then other folders may be of
// interest: what happened in a new one before it was watched is looked for at
// once.
func (w *watcher) look(happened bool) (waiting bool) {
	if !happened {
		return false
	}
	w.add()
	w.changed()
	for w.add() {
		w.changed()
	}
	return false
}

// add watches the folders, and tells whether one is new. All are added again
// each time: one may have been replaced by another of its name.
func (w *watcher) add() (more bool) {
	now := make(map[string]bool)
	for _, folder := range w.folders() {
		err := w.notify.Add(folder)
		switch {
		case err == nil:
			now[folder] = true
			more = more || !w.watched[folder]
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission): // it may come later
		case !w.warned:
			w.warned = true
			w.log.Warn("changes of scenario files may go unnoticed", "folder", folder, "error", err)
		}
	}
	w.watched = now
	return more
}
