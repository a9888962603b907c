package mockpay_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/mockpay/mockpay/client"
)

// What the image of these tests says it is made of.
const (
	imageVersion  = "v1.2.3"
	imageRevision = "0123456789abcdef0123456789abcdef01234567"
	imageEpoch    = 1767225600
	imageCreated  = "2026-01-01T00:00:00Z"
)

// imageLimit is how big the image may be, in bytes.
const imageLimit = 13_000_000

// TestImage builds the image of the Dockerfile as CI does, without a Docker
// engine, looks at it, and runs it as an engine would at its strictest.
//
// It needs root and buildah. MOCKPAY_TEST_IMAGE=skip leaves it out.
func TestImage(t *testing.T) {
	t.Parallel()
	needBuildah(t)
	dir := t.TempDir()
	buildImages(t, dir, "linux/amd64", "linux/arm64")
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			im := openImage(t, filepath.Join(dir, "mockpay-linux-"+arch+".tar"))
			assert.Equal(t, "linux", im.OS)
			assert.Equal(t, arch, im.Architecture)
			im.says(t)
			im.holds(t, machine)
		})
	}
	t.Run("Again", func(t *testing.T) {
		again := t.TempDir()
		buildImages(t, again, "linux/amd64")
		file := "mockpay-linux-amd64.tar"
		assert.Equal(t, openImage(t, filepath.Join(dir, file)).text, openImage(t, filepath.Join(again, file)).text)
	})
	t.Run("Runs", func(t *testing.T) {
		openImage(t, filepath.Join(dir, "mockpay-linux-"+runtime.GOARCH+".tar")).runs(t)
	})
}

func needBuildah(t *testing.T) {
	if os.Getenv("MOCKPAY_TEST_IMAGE") == "skip" {
		t.Skip("MOCKPAY_TEST_IMAGE=skip: the image is not tested")
	}
	const otherwise = "; MOCKPAY_TEST_IMAGE=skip leaves the image untested"
	if os.Getuid() != 0 {
		t.Fatal("root is needed to build and run the image without a Docker engine" + otherwise)
	}
	if _, err := exec.LookPath("buildah"); err != nil {
		t.Fatal("buildah is needed: make need installs it" + otherwise)
	}
}

// buildImages builds the image for some platforms into a folder.
func buildImages(t *testing.T, dir string, platforms ...string) {
	for _, file := range []string{"Dockerfile", ".dockerignore", "tools/image.sh", "go.sum"} {
		document(t, file) // so that go test knows what this depends on
	}
	cmd := exec.CommandContext(t.Context(), "tools/image.sh", append([]string{dir}, platforms...)...)
	cmd.Env = append(os.Environ(), "VERSION="+imageVersion, "REVISION="+imageRevision, fmt.Sprint("SOURCE_DATE_EPOCH=", imageEpoch))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // lets it clean up
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// An image is what stands in an archive that docker load takes.
type image struct {
	OS, Architecture string
	Created          string
	Config           struct {
		User         string
		Env          []string
		Entrypoint   []string
		Cmd          []string
		ExposedPorts map[string]any
		Labels       map[string]string
		Volumes      map[string]any
		WorkingDir   string
		Healthcheck  struct{ Test []string }
	}

	text   string // all that it says, without the container that it was made in
	layers [][]byte
}

func openImage(t *testing.T, file string) *image {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	files := make(map[string][]byte)
	each(t, text, func(h *tar.Header, content []byte) { files[h.Name] = content })
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	require.NoError(t, json.Unmarshal(files["manifest.json"], &manifest))
	require.Len(t, manifest, 1)
	assert.Equal(t, []string{"docker.io/library/mockpay:" + imageVersion}, manifest[0].RepoTags)
	im := &image{text: withoutContainer(t, files[manifest[0].Config])}
	require.NoError(t, json.Unmarshal(files[manifest[0].Config], im))
	for _, name := range manifest[0].Layers {
		im.layers = append(im.layers, files[name])
	}
	return im
}

// each goes through the files of an archive.
func each(t *testing.T, archive []byte, do func(*tar.Header, []byte)) {
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		do(h, content)
	}
}

// withoutContainer takes out the one thing that differs between two builds, the
// name of the container that buildah made the image in.
func withoutContainer(t *testing.T, config []byte) string {
	var all map[string]any
	require.NoError(t, json.Unmarshal(config, &all))
	delete(all, "container")
	for _, name := range []string{"config", "container_config"} {
		delete(all[name].(map[string]any), "Hostname")
	}
	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return string(text)
}

// says checks what the image tells an engine.
func (im *image) says(t *testing.T) {
	assert.Equal(t, imageCreated, im.Created)
	assert.Regexp(t, `^[1-9][0-9]*:[1-9][0-9]*$`, im.Config.User, "numbers, so that runAsNonRoot can be checked")
	assert.Equal(t, []string{"/mockpay"}, im.Config.Entrypoint)
	assert.Empty(t, im.Config.Cmd)
	assert.Empty(t, im.Config.Volumes)
	assert.Equal(t, map[string]any{"4402/tcp": map[string]any{}}, im.Config.ExposedPorts)
	assert.Equal(t, []string{"CMD", "/mockpay", "health"}, im.Config.Healthcheck.Test)
	assert.Equal(t, map[string]string{
		"org.opencontainers.image.title":       "mockpay",
		"org.opencontainers.image.description": "Impersonates payment providers, to test without real money",
		"org.opencontainers.image.source":      "https://github.com/mockpay/mockpay",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     imageVersion,
		"org.opencontainers.image.revision":    imageRevision,
		"org.opencontainers.image.created":     imageCreated,
	}, im.Config.Labels)
}

// holds checks what is in the image: the release binary, and nothing else.
func (im *image) holds(t *testing.T, machine elf.Machine) {
	size, files := 0, 0
	for _, layer := range im.layers {
		size += len(layer)
		each(t, layer, func(h *tar.Header, program []byte) {
			files++
			assert.Equal(t, "mockpay", path.Clean(h.Name))
			assert.EqualValues(t, 0o755, h.Mode&0o7777)
			assert.Zero(t, h.Uid+h.Gid)
			assert.EqualValues(t, imageEpoch, h.ModTime.Unix())
			f, err := elf.NewFile(bytes.NewReader(program))
			require.NoError(t, err)
			assert.Equal(t, machine, f.Machine)
			assert.Nil(t, f.Section(".interp"), "it needs no libraries")
			assert.True(t, bytes.Equal(releaseBinary(t, im.Architecture), program), "it is the release binary")
		})
	}
	assert.Equal(t, 1, files)
	assert.LessOrEqual(t, size, imageLimit)
}

// releaseBinary is what make build makes.
func releaseBinary(t *testing.T, arch string) []byte {
	file := filepath.Join(t.TempDir(), "mockpay")
	cmd := exec.CommandContext(t.Context(), "make", "build", "VERSION="+imageVersion, "BIN="+file)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "MAKEFLAGS=")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	program, err := os.ReadFile(file)
	require.NoError(t, err)
	return program
}

// runs does what a pipeline does with a container: start it, wait until it is
// healthy, use it, stop it.
func (im *image) runs(t *testing.T) {
	c := im.start(t)
	for !strings.HasPrefix(c.line(), "mockpay ready on ") {
	}
	c.holdsNothing()
	require.NoError(t, c.exec(im.Config.Healthcheck.Test[1:]...), "it is healthy")
	assert.Error(t, c.exec("/mockpay", "health", "--url", "http://127.0.0.1:1"), "nobody is there")

	control := client.New("http://127.0.0.1:4402", client.WithHTTPClient(c.http()))
	health, err := control.Health(t.Context())
	require.NoError(t, err)
	assert.Equal(t, imageVersion, health.Version)
	c.tells(control)

	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, c.cmd.Wait(), "it exits 0; it said: %s", &c.stderr)
}

// A container is the program of an image that runs: process 1 in namespaces of
// its own, as the image's user, without capabilities or a way to get some, on
// files that cannot be written.
type container struct {
	t      *testing.T
	image  *image
	root   string
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer // whole once it has ended
	net    *os.File     // its network
}

// seal makes a folder the read-only root, and becomes a user there. Of the
// capabilities, chroot needs three; they are gone with root.
const seal = `set -e
mount --make-rprivate /
mount --bind "$2" "$2"
mount -o remount,bind,ro,nosuid,nodev "$2"
` + become

const become = `user=$1
shift
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid \
	chroot --userspec="$user" --groups= "$@"`

func (im *image) start(t *testing.T) *container {
	c := &container{t: t, image: im, root: t.TempDir()}
	im.unpack(t, c.root)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c.cmd = exec.CommandContext(ctx, "sh", append([]string{"-c", seal, "sh", im.Config.User, c.root}, im.Config.Entrypoint...)...)
	c.cmd.Env = im.Config.Env
	c.cmd.Stderr = &c.stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWNET,
	}
	stdout, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.stdout = bufio.NewReader(stdout)
	require.NoError(t, c.cmd.Start())
	c.net, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", c.cmd.Process.Pid))
	require.NoError(t, err)
	t.Cleanup(func() { c.net.Close() })
	require.NoError(t, c.inside(loopbackUp))
	return c
}

// unpack writes the files of the image. A process of its own does, for a program
// that this one has open cannot be run.
func (im *image) unpack(t *testing.T, root string) {
	require.NoError(t, os.Chmod(root, 0o755))
	for _, layer := range im.layers {
		cmd := exec.CommandContext(t.Context(), "tar", "-x", "-C", root)
		cmd.Stdin = bytes.NewReader(layer)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// inside does something on the container's network.
func (c *container) inside(do func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for good: a thread that went there ends with its goroutine
		if err := unix.Setns(int(c.net.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		done <- do()
	}()
	return <-done
}

// loopbackUp switches on 127.0.0.1, which a new network has switched off.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}

// line is the next that the program prints.
func (c *container) line() string {
	line, err := c.stdout.ReadString('\n')
	if err != nil {
		c.t.Fatalf("%v (%v): %s", err, c.cmd.Wait(), &c.stderr)
	}
	return line
}

// holdsNothing checks that the program has no rights.
func (c *container) holdsNothing() {
	proc := fmt.Sprintf("/proc/%d/", c.cmd.Process.Pid)
	status := document(c.t, proc+"status")
	uid, gid, _ := strings.Cut(c.image.Config.User, ":")
	const none = "0000000000000000"
	for name, want := range map[string]string{
		"Uid": strings.Repeat("\t"+uid, 4), "Gid": strings.Repeat("\t"+gid, 4), "Groups": "\t ",
		"CapInh": "\t" + none, "CapPrm": "\t" + none, "CapEff": "\t" + none, "CapAmb": "\t" + none, "NoNewPrivs": "\t1",
	} {
		assert.Contains(c.t, status, "\n"+name+":"+want+"\n")
	}
	assert.Contains(c.t, document(c.t, proc+"mountinfo"), " / ro,")
}

// exec runs a program of the image beside the one that runs, as an engine does
// for a health check.
func (c *container) exec(command ...string) error {
	args := append([]string{
		"--target", fmt.Sprint(c.cmd.Process.Pid), "--mount", "--pid", "--ipc", "--uts", "--net",
		"sh", "-c", become, "sh", c.image.Config.User, c.root,
	}, command...)
	cmd := exec.CommandContext(c.t.Context(), "nsenter", args...)
	cmd.Env = c.image.Config.Env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// http calls from inside the container's network, where it listens as the image
// says.
func (c *container) http() *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (conn net.Conn, err error) {
		err = c.inside(func() error {
			conn, err = new(net.Dialer).DialContext(ctx, network, addr)
			return err
		})
		return conn, err
	}}
	c.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// tells has the container send a webhook by HTTPS to a receiver that somebody
// vouches for whose certificate was mounted where Debian has them.
func (c *container) tells(control *client.Client) {
	told := make(chan string, 1)
	receiver := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told <- r.FormValue("TRANSACTION_STATUS")
	}))
	receiver.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the look whether it is there
	require.NoError(c.t, c.inside(func() (err error) {
		require.NoError(c.t, receiver.Listener.Close())
		receiver.Listener, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	}))
	receiver.StartTLS()
	defer receiver.Close()
	trusted := filepath.Join(c.root, "etc/ssl/certs/ca-certificates.crt")
	require.NoError(c.t, os.MkdirAll(filepath.Dir(trusted), 0o755))
	require.NoError(c.t, os.WriteFile(trusted, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: receiver.Certificate().Raw}), 0o644))

	_, err := control.SetWebhookEndpoint(c.t.Context(), "dinaricash", client.WebhookEndpoint{URL: receiver.URL})
	require.NoError(c.t, err)
	_, err = control.Freeze(c.t.Context())
	require.NoError(c.t, err)
	res, err := c.http().Post("http://127.0.0.1:4402/dinaricash/send-money", "application/x-www-form-urlencoded", strings.NewReader(zelle))
	require.NoError(c.t, err)
	defer res.Body.Close()
	require.Equal(c.t, http.StatusOK, res.StatusCode, res.Header.Get("X-Mockpay-Hint"))
	sent, err := control.AwaitWebhooks(c.t.Context(), "dinaricash.transaction_status", 1, 10*time.Second)
	require.NoError(c.t, err)
	require.Len(c.t, sent.Webhooks, 1)
	assert.Equal(c.t, "delivered", sent.Webhooks[0].Status, "%+v", sent.Webhooks[0].Attempts)
	assert.Equal(c.t, "INITIATED", <-told)
}

// zelle sends 300 dollars.
const zelle = "CORPORATE_ACCOUNT_ID=8d1838fbb7fea3206326d0d96f162618&GATEWAY_API_KEY=955a380d7d9c05707f199fbe8ba8474d" +
	"&SEND_METHOD=ZELLE&SEND_CURRENCY_ISO3=USD&SEND_AMOUNT=300&RECIPIENT_ZELLE_ADDRESS=ssmith@example.com"
