// Package async holds futures and what is made of them.
package async
