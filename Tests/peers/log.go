// Judges a log with Go's own transparency-log packages (golang.org/x/mod/sumdb): the signature of a
// checkpoint, proofs of inclusion and consistency, and tiles.
//
// Usage: log KEY CHECKPOINT PROOFS TILES. PROOFS has a line of JSON for each proof, TILES is a
// directory. Says what it verified; ends with 1 at the first thing that is wrong.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Size    int64    `json:"size"`
	Root    string   `json:"root"`
	Index   *int64   `json:"index"`
	Leaf    string   `json:"leaf"`
	From    *int64   `json:"from"`
	OldRoot string   `json:"oldRoot"`
	Path    []string `json:"path"`
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "log:", err)
		os.Exit(1)
	}
}

func read(path string) string {
	data, err := os.ReadFile(path)
	check(err)
	return string(data)
}

func hash(text string) (hash tlog.Hash) {
	data, err := hex.DecodeString(text)
	check(err)
	if copy(hash[:], data) != tlog.HashSize || len(data) != tlog.HashSize {
		check(fmt.Errorf("a hash of %d bytes", len(data)))
	}
	return hash
}

// Opens the checkpoint: origin, size and root, signed.
func checkpoint(key, text string) tlog.Tree {
	verifier, err := note.NewVerifier(strings.TrimSpace(key))
	check(err)
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		check(fmt.Errorf("not a checkpoint of %s: %q", verifier.Name(), opened.Text))
	}
	var tree tlog.Tree
	_, err = fmt.Sscan(lines[1], &tree.N)
	check(err)
	tree.Hash, err = tlog.ParseHash(lines[2])
	check(err)
	return tree
}

func verify(tree tlog.Tree, one proof) {
	if one.Size != tree.N || hash(one.Root) != tree.Hash {
		check(fmt.Errorf("a proof for another tree than the checkpoint's"))
	}
	var path []tlog.Hash
	for _, text := range one.Path {
		path = append(path, hash(text))
	}
	if one.Index != nil {
		check(tlog.CheckRecord(path, tree.N, tree.Hash, *one.Index, hash(one.Leaf)))
	} else {
		check(tlog.CheckTree(path, tree.N, tree.Hash, *one.From, hash(one.OldRoot)))
	}
}

// Reads tiles as C2SP's tlog-tiles names them: of height 8, which the name does not say.
type tiles string

func (folder tiles) Height() int { return 8 }
func (folder tiles) ReadTiles(wanted []tlog.Tile) (found [][]byte, err error) {
	for _, tile := range wanted {
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(folder), name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}
func (folder tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	tree := checkpoint(read(os.Args[1]), read(os.Args[2]))
	lines := bufio.NewScanner(strings.NewReader(read(os.Args[3])))
	count := 0
	for ; lines.Scan(); count++ {
		var one proof
		check(json.Unmarshal(lines.Bytes(), &one))
		verify(tree, one)
	}
	root, err := tlog.TreeHash(tree.N, tlog.TileHashReader(tree, tiles(os.Args[4])))
	check(err)
	if root != tree.Hash {
		check(fmt.Errorf("the tiles have another root"))
	}
	fmt.Printf("checkpoint of %d records, %d proofs, tiles\n", tree.N, count)
}
