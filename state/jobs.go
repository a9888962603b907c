package state

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/mockpay/mockpay/clock"
)

// A Job is something due at a time of the workspace's clock. It is data: what
// Kind means is known to the provider that declared it.
type Job struct {
	ID   string          `json:"id"`
	At   time.Time       `json:"at"`
	Kind string          `json:"kind"` // "dinardragon.settle"
	Ref  string          `json:"ref"`  // the record it concerns
	Args json.RawMessage `json:"args,omitempty"`

	// Tag is that of the transaction that scheduled it.
	Tag json.RawMessage `json:"tag,omitempty"`
}

var jobs = newCodec[Job]()

// Schedule makes a job due at a time, rounded up to the clock's resolution, and
// returns its id. Jobs due at the same time run in the order scheduled.
func (tx *Tx) Schedule(at time.Time, kind, ref string, args any) string {
	if whole := at.Truncate(clock.Resolution); whole.Before(at) {
		at = whole.Add(clock.Resolution)
	}
	n := tx.Count("job")
	job := Job{ID: jobID(at, n), At: at.UTC(), Kind: kind, Ref: ref, Tag: tx.tag}
	if args != nil {
		job.Args = encode(args)
	}
	tx.putJob(jobKey(at, n), job)
	return job.ID
}

func (tx *Tx) putJob(key string, job Job) {
	tx.w.Put(spaceJobs, key, jobs.document(tx, &job))
	tx.jobs = true
}

// Cancel takes a job off the queue. An unknown one, or one that ran, is fine.
func (tx *Tx) Cancel(id string) {
	if key, ok := parseJobID(id); ok {
		tx.w.Delete(spaceJobs, key)
		tx.jobs = true
	}
}

// Jobs returns what is scheduled, soonest first.
func (tx *Tx) Jobs() []Job {
	scheduled := []Job{}
	for _, doc := range tx.look(spaceJobs, "", "", false) {
		var job Job
		jobs.decode(doc, &job)
		scheduled = append(scheduled, job)
	}
	return scheduled
}

// jobID names a job so that its key can be told from it.
func jobID(at time.Time, n int64) string {
	return "job-" + strconv.FormatInt(n, 10) + "-" + strconv.FormatInt(at.UnixMilli(), 10)
}

func parseJobID(id string) (key string, ok bool) {
	rest, ok := strings.CutPrefix(id, "job-")
	if !ok {
		return "", false
	}
	number, due, _ := strings.Cut(rest, "-")
	n, err1 := strconv.ParseInt(number, 10, 64)
	ms, err2 := strconv.ParseInt(due, 10, 64)
	if err1 != nil || err2 != nil || id != jobID(time.UnixMilli(ms), n) {
		return "", false
	}
	return jobKey(time.UnixMilli(ms), n), true
}

func firstJob(tx *Tx) (job Job, ok bool) {
	for _, doc := range tx.look(spaceJobs, "", "", false) {
		jobs.decode(doc, &job)
		return job, true
	}
	return job, false
}

// jobKey sorts by due time, then by number. Flipping the sign bit puts times
// before 1970 first.
func jobKey(at time.Time, n int64) string {
	key := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli())^1<<63)
	return string(binary.BigEndian.AppendUint64(key, uint64(n)))
}

func jobTime(key string) time.Time {
	ms := binary.BigEndian.Uint64([]byte(key)) ^ 1<<63
	return time.UnixMilli(int64(ms)).UTC()
}

// jobNumber tells how many jobs had been scheduled when this one was.
func jobNumber(key string) int64 {
	return int64(binary.BigEndian.Uint64([]byte(key[8:])))
}
