// Package program finds the models of somebody's program, without a line of that program
// being written for it and without its main function being run.
//
// [Describe] lists the packages of the module that the program is made of, reads their
// files for structs that are models, and lets the go command run the program with a file
// more in each such package (an overlay: nothing is written to the tree). Those files
// register the models and print what package models knows of them before main begins.
// So models in package main, unexported ones, defaults, naming functions and generated
// code all count as they do in the program itself; what runs is its package variables
// and its init functions.
package program
